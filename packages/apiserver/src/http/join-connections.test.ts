import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinConnections } from './join-connections.js';

const megabytes = Buffer.alloc(3 << 20, 'all that is sent ');

describe('joined connections', () => {
  let client: Socket;
  let server: Socket;
  let joined: Promise<void>;
  let warnings: Error[];
  const onWarning = (warning: Error) => warnings.push(warning);

  beforeEach(async () => {
    warnings = [];
    process.on('warning', onWarning);
    const [front, frontEnd] = await connection();
    const [backEnd, back] = await connection();
    [client, server] = [front, back];
    joined = joinConnections(frontEnd, backEnd);
  });
  afterEach(() => {
    process.off('warning', onWarning);
    client.destroy();
    server.destroy();
  });

  it('pass on all that both send at once, and the end of each', async () => {
    client.end(megabytes);
    server.end(megabytes);
    const [atClient, atServer] = await Promise.all([received(client), received(server)]);
    expect(atClient.equals(megabytes)).toBe(true);
    expect(atServer.equals(megabytes)).toBe(true);
    await joined;
    expect(warnings).toEqual([]);
  });

  it('let a side that has ended still hear the answer', async () => {
    client.end('question');
    expect(String(await received(server))).toBe('question');
    server.end(megabytes);
    expect((await received(client)).length).toBe(megabytes.length);
    await joined;
  });

  it('break off together', async () => {
    client.on('error', () => undefined);
    client.write('half a word');
    await once(server, 'data');
    server.resetAndDestroy();
    await once(client.resume(), 'end');
    client.end();
    await joined;
  });

  it('break off together where one is gone already', async () => {
    const [front, frontEnd] = await connection();
    const [backEnd, back] = await connection();
    front.on('error', () => undefined);
    frontEnd.destroy();
    await once(frontEnd, 'close');
    await joinConnections(frontEnd, backEnd);
    await once(back.resume(), 'end');
    back.destroy();
  });
});

/** Two ends that may each be closed for themselves. */
async function connection(): Promise<[Socket, Socket]> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const near = connect({ port: (listener.address() as AddressInfo).port, allowHalfOpen: true });
  const [far] = (await once(listener, 'connection')) as [Socket];
  listener.close();
  return [near, far];
}

/** All that comes until the other side ends; this side may go on. */
async function received(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}
