import { Duplex, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { SpdyConnection } from './spdy-connection.js';
import type { SpdyStream } from './spdy-stream.js';

function joined(): readonly [Duplex, Duplex] {
  const [up, down] = [new PassThrough(), new PassThrough()];
  return [Duplex.from({ readable: down, writable: up }), Duplex.from({ readable: up, writable: down })];
}

const connections: SpdyConnection[] = [];
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});

/** A client, and the streams that its server is given. */
function clientAndServer(): { readonly client: SpdyConnection; readonly taken: () => Promise<SpdyStream> } {
  const [near, far] = joined();
  for (const side of [near, far]) side.on('error', () => undefined);
  const streams: SpdyStream[] = [];
  let wake: () => void = () => undefined;
  const client = new SpdyConnection(near);
  const server = new SpdyConnection(far, (stream) => {
    stream.on('error', () => undefined);
    streams.push(stream);
    wake();
  });
  connections.push(client, server);
  return {
    client,
    async taken() {
      for (;;) {
        const stream = streams.shift();
        if (stream !== undefined) return stream;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

describe('a SPDY connection', () => {
  it('carries streams with their headers, each direction of which ends by itself', async () => {
    const { client, taken } = clientAndServer();
    for (const name of ['first', 'second']) {
      const ours = await client.open({ streamtype: 'data', name });
      const theirs = await taken();
      expect(theirs.headers).toEqual({ streamtype: 'data', name });
      ours.end('asked');
      expect(await text(theirs.iterator({ destroyOnReturn: false }))).toBe('asked');
      theirs.end('answered');
      expect(await text(ours)).toBe('answered');
    }
  });

  it('carries what is longer than a frame', async () => {
    const { client, taken } = clientAndServer();
    const ours = await client.open({});
    const theirs = await taken();
    const long = 'long '.repeat(50_000);
    ours.end(long);
    expect((await text(theirs)) === long).toBe(true);
  });

  it('ends a stream that the other side resets, and the rest goes on', async () => {
    const { client, taken } = clientAndServer();
    const refused = await client.open({});
    (await taken()).destroy();
    expect(await text(refused.iterator({ destroyOnReturn: false }))).toBe('');
    const other = await client.open({});
    (await taken()).end('here');
    expect(await text(other)).toBe('here');
  });

  it('breaks its streams off when it breaks off', async () => {
    const { client, taken } = clientAndServer();
    const ours = await client.open({});
    await taken();
    client.close();
    await expect(text(ours)).rejects.toThrow();
    await client.closed;
    await expect(client.open({})).rejects.toThrow('the SPDY connection is closed');
  });

  it('answers pings, and ends with a frame that is too large', async () => {
    const [near, far] = joined();
    near.on('error', () => undefined);
    const connection = new SpdyConnection(far);
    connections.push(connection);
    const ping = Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 7]);
    near.write(ping);
    const answer: unknown = (await near.iterator({ destroyOnReturn: false }).next()).value;
    expect(answer).toEqual(ping);
    near.write(Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff]));
    await connection.closed;
  });
});
