import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
afterEach(() => server.close());

const maps = '/api/v1/namespaces/default/configmaps';
const megabyte = 1 << 20;
const soon = { timeout: 10_000 };

/** All that a client gets who sends a text over HTTP/1.1 and reads only then. */
async function conversation(text: string): Promise<string> {
  const socket = await server.connect();
  await new Promise<void>((resolve) => socket.write(text, () => resolve()));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  let failure: unknown;
  socket.once('error', (error) => {
    failure = error;
  });
  await once(socket, 'close');
  expect(failure).toBeUndefined();
  return Buffer.concat(chunks).toString();
}

/** A connection of a client that itself sends heads of any length. */
async function openHttp2(): Promise<ClientHttp2Session> {
  const { ca, admin, port } = server;
  const identity = { ca, cert: admin.certificate, key: admin.key };
  const session = connectHttp2(`https://localhost:${port}`, {
    ...identity,
    maxSendHeaderBlockLength: 16 * megabyte,
  });
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

const refusal = (text: string) =>
  `HTTP/1.1 ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${text}`;

describe('a request', () => {
  it.each([
    ['line', `GET ${maps}?x=${'a'.repeat(megabyte)} HTTP/1.1\r\nhost: localhost\r\n\r\n`],
    ['header', `GET /version HTTP/1.1\r\nhost: localhost\r\nx-a: ${'a'.repeat(megabyte)}\r\n\r\n`],
  ])('whose %s is too long is answered 431, which the client gets to read', async (_, text) => {
    server = await startTlsServer();
    expect(await conversation(text)).toBe(refusal('431 Request Header Fields Too Large'));
    expect((await server.send({ path: '/version' })).code).toBe(200);
  });

  it('may have a line of nearly a megabyte', async () => {
    server = await startTlsServer();
    const long = await server.send({ path: `${maps}?labelSelector=${'a'.repeat(900_000)}` });
    expect([long.code, long.json().reason]).toEqual([400, 'BadRequest']);
  });

  it('that is none is answered 400', async () => {
    server = await startTlsServer();
    expect(await conversation('nothing\r\n\r\n')).toBe(refusal('400 Bad Request'));
    const twice = 'content-length: 1\r\ncontent-length: 2\r\n';
    expect(await conversation(`POST ${maps} HTTP/1.1\r\nhost: localhost\r\n${twice}\r\nab`)).toBe(
      refusal('400 Bad Request'),
    );
  });

  it('over HTTP/2 may have a head of a hundred kilobytes, and one that is too long ends its connection alone', async () => {
    server = await startTlsServer();
    const [session, other] = [await openHttp2(), await openHttp2()];
    const field = 'a'.repeat(50_000);
    const fields = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, `${field}${at}`]));
    const statusOf = async (session: ClientHttp2Session, headers: Record<string, string>) => {
      const [answer] = await once(session.request({ ':path': '/version', ...headers }).resume(), 'response');
      return (answer as Record<string, unknown>)[':status'];
    };
    expect(await statusOf(session, fields(2))).toBe(200);
    await expect(statusOf(session, fields(30))).rejects.toThrow(/^Session closed with error code/);
    expect(session.destroyed).toBe(true);
    expect(await statusOf(other, {})).toBe(200);
    other.destroy();
  });

  it.each([{}, { 'transfer-encoding': 'chunked' }])(
    'with a body of more than three megabytes is answered 413 (%o)',
    async (headers) => {
      server = await startTlsServer();
      const body = JSON.stringify({ metadata: { name: 'big' }, data: { a: 'x'.repeat(3 * megabyte) } });
      const answer = await server.send({ method: 'POST', path: maps, body, headers });
      expect(answer.code).toBe(413);
      expect(answer.json()).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Request entity too large: limit is 3145728',
        reason: 'RequestEntityTooLarge',
        code: 413,
      });
      expect((await server.send({ path: `${maps}/big` })).code).toBe(404);
    },
  );
});

describe('connections', () => {
  /** A connection that the server has taken, or undefined where it closed it at once. */
  async function open(): Promise<TLSSocket | undefined> {
    const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
    return once(socket, 'secureConnect').then(
      () => socket,
      () => undefined,
    );
  }

  it('beyond the limit are closed at once, until another has ended', async () => {
    server = await startTlsServer({}, { maxConnections: 2 });
    const [first, second] = [await open(), await open()];
    expect(await open()).toBeUndefined();
    // Those that are there go on.
    second?.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const [answer] = (await once(second as TLSSocket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 200 /);
    first?.destroy();
    await vi.waitFor(async () => {
      const third = await open();
      expect(third).toBeDefined();
      third?.destroy();
    }, soon);
    second?.destroy();
  });

  it('that end before both sides agree on TLS are counted', async () => {
    server = await startTlsServer();
    const old = connect({
      host: '127.0.0.1',
      port: server.port,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1.1',
    });
    await expect(once(old, 'secureConnect')).rejects.toThrow();
    await vi.waitFor(async () => {
      const { text } = await server.send({ path: '/metrics' });
      expect(text).toContain('\napiserver_tls_handshake_errors_total 1\n');
    }, soon);
  });
});
