import { once } from 'node:events';
import { join } from 'node:path';
import { PkiDirectory } from '@kubewright/apiserver';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
});
afterAll(() => server.close());

const maps = '/api/v1/namespaces/default/configmaps';

async function open(query: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const pki = await PkiDirectory.open(join(server.directory, 'pki'));
  const { certificate, key } = await pki.client('admin', { user: 'admin', groups: ['system:masters'] });
  const { ca, port } = server;
  return new WebSocket(`wss://127.0.0.1:${port}${maps}?${query}`, { ca, cert: certificate, key, headers });
}

/** The first messages, which may come together with the answer to the handshake. */
function messages(socket: WebSocket, count: number): Promise<{ data: Buffer; isBinary: boolean }[]> {
  const seen: { data: Buffer; isBinary: boolean }[] = [];
  return new Promise((resolve, reject) => {
    socket.on('message', (data: Buffer, isBinary) => {
      seen.push({ data, isBinary });
      if (seen.length === count) resolve(seen);
    });
    socket.once('error', reject);
  });
}

it('sends each event of a watch as a message, and a close when its time is over', async () => {
  for (const name of ['a', 'b'])
    await server.send({ method: 'POST', path: maps, body: { metadata: { name } } });
  const socket = await open('watch=true&timeoutSeconds=1');
  const closed = once(socket, 'close');
  const seen = await messages(socket, 2);
  expect(seen.map(({ isBinary }) => isBinary)).toEqual([false, false]);
  const events = seen.map(({ data }) => JSON.parse(data.toString()) as { type: string; object: unknown });
  expect(events).toMatchObject([
    { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a' } } },
    { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'b' } } },
  ]);
  expect((await closed)[0]).toBe(1000);
});

it('sends protobuf in binary messages without a length before each', async () => {
  const socket = await open('watch=true', {
    accept: 'application/vnd.kubernetes.protobuf;stream=watch',
  });
  const [first] = await messages(socket, 1);
  expect(first?.isBinary).toBe(true);
  // Field 1, the type.
  expect(first?.data.subarray(0, 7).toString('latin1')).toBe('\n\x05ADDED');
  socket.close();
  await once(socket, 'close');
});

it('refuses before the upgrade what it would refuse without', async () => {
  const socket = await open('watch=true&labelSelector=a%20in%20b');
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(400);
  socket.on('error', () => undefined);
  socket.terminate();
});

it('answers a handshake that is none with a Status', async () => {
  const answer = await server.send({
    path: `${maps}?watch=true`,
    headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
  });
  expect(answer.code).toBe(400);
  expect(answer.json()).toMatchObject({ kind: 'Status', reason: 'BadRequest' });
});
