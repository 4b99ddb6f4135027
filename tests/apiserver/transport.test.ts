import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { PkiDirectory } from '@kubewright/apiserver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
const pods = '/api/v1/namespaces/default/pods';
beforeAll(async () => {
  server = await startTlsServer(
    {},
    { allowedHosts: ['cluster.example.test'], corsAllowedOrigins: [/^https:\/\/console\.example\.test$/] },
  );
});
afterAll(() => server.close());

describe('TLS', () => {
  const handshake = async (options: ConnectionOptions): Promise<string> => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: server.port,
      ca: server.ca,
      servername: 'localhost',
      ...options,
    });
    const [error] = await Promise.race([once(socket, 'secureConnect').then(() => []), once(socket, 'error')]);
    const protocol = socket.getProtocol();
    socket.destroy();
    return error === undefined ? (protocol ?? '') : 'refused';
  };

  it('is spoken from version 1.2 on', async () => {
    expect(await handshake({})).toBe('TLSv1.3');
    expect(await handshake({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
    const old = { minVersion: 'TLSv1' as const, maxVersion: 'TLSv1.1' as const, ciphers: 'ALL:@SECLEVEL=0' };
    expect(await handshake(old)).toBe('refused');
  });

  it('has no suites without forward secrecy or authenticated encryption', async () => {
    for (const ciphers of ['AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA256'])
      expect(await handshake({ maxVersion: 'TLSv1.2', ciphers }), ciphers).toBe('refused');
  });

  it('is all that the port speaks', async () => {
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString()).not.toContain('200 OK');
  });
});

describe('the host that a client means', () => {
  /** Over a bare connection, as the name of the connection is another matter. */
  const askFor = async (host: string): Promise<string> => {
    const socket = await server.connect();
    socket.write(`GET ${pods} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    return Buffer.concat(chunks).toString();
  };

  it.each(['localhost', 'LOCALHOST:6443', '127.0.0.1', '[::1]:6443', '10.0.0.1:443', 'cluster.example.test'])(
    'may be %s',
    async (host) => {
      expect(await askFor(host)).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it.each(['evil.test', 'localhost.evil.test', 'evil.test:6443'])('is not %s', async (host) => {
    const answer = await askFor(host);
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    expect(answer).not.toContain('items');
  });
});

describe('pages', () => {
  const allowed = { origin: 'https://console.example.test' };

  it('read answers only where their origin may', async () => {
    const answer = await server.send({ path: pods, headers: allowed });
    expect(answer.headers['access-control-allow-origin']).toBe('https://console.example.test');
    for (const origin of ['https://evil.test', 'https://console.example.test.evil.test', 'null']) {
      const { headers } = await server.send({ path: pods, headers: { origin } });
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('are told without credentials what they may ask, if they may', async () => {
    const preflight = { ...allowed, 'access-control-request-method': 'PATCH' };
    const answer = await server.sendAs(undefined, { method: 'OPTIONS', path: pods, headers: preflight });
    expect(answer.code).toBe(204);
    expect(answer.headers['access-control-allow-methods']).toContain('PATCH');
    const other = { ...preflight, origin: 'https://evil.test' };
    expect((await server.sendAs(undefined, { method: 'OPTIONS', path: pods, headers: other })).code).toBe(
      401,
    );
  });

  it('open no WebSocket from elsewhere, whatever certificate the browser has', async () => {
    const open = async (origin?: string): Promise<number> => {
      const { certificate: cert, key } = server.admin;
      const socket = new WebSocket(`wss://127.0.0.1:${server.port}${pods}?watch=1`, {
        ...{ ca: server.ca, cert, key },
        ...(origin === undefined ? {} : { origin }),
      });
      const opened = once(socket, 'open').then(() => 101);
      const refused = once(socket, 'unexpected-response').then(([, { statusCode }]) => statusCode as number);
      socket.on('error', () => undefined);
      const code = await Promise.race([opened, refused]);
      socket.terminate();
      return code;
    };
    expect(await open()).toBe(101);
    expect(await open(`https://127.0.0.1:${server.port}`)).toBe(101);
    expect(await open('https://console.example.test')).toBe(101);
    expect(await open('https://evil.test')).toBe(403);
  });

  it('learn nothing of what the server is made of', async () => {
    const { headers } = await server.send({ path: '/version' });
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers.server).toBeUndefined();
  });
});

it('shows another certificate and takes another CA from the next connection on', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-transport-'));
  const pki = await PkiDirectory.open(directory);
  const own = await startTlsServer();
  const ask = async (trusted: string, credentials: { certificate: string; key: string }) => {
    const { certificate: cert, key } = credentials;
    const socket = connectTls({
      host: '127.0.0.1',
      port: own.port,
      servername: 'localhost',
      ca: trusted,
      cert,
      key,
    });
    await once(socket, 'secureConnect');
    socket.write(`GET ${pods} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    return Buffer.concat(chunks).toString().slice(9, 12);
  };
  try {
    const theirs = await pki.client('jane', { user: 'jane', groups: ['system:masters'] });
    expect(await ask(own.ca, own.admin)).toBe('200');
    expect(await ask(own.ca, theirs)).toBe('401');
    const serving = await pki.server('new', 'new', ['localhost']);
    const ca = pki.authority.certificate;
    own.listener.replace({ ...serving, clientCA: ca });
    expect(await ask(ca, theirs)).toBe('200');
    expect(await ask(ca, own.admin)).toBe('401');
  } finally {
    await own.close();
    await rm(directory, { recursive: true });
  }
});

describe('a client that takes its time', () => {
  let slow: TlsServer;
  beforeAll(async () => {
    const clientTimeouts = { handshakeMs: 1_500, headersMs: 400, requestMs: 800, idleMs: 300 };
    slow = await startTlsServer({}, { clientTimeouts });
  });
  afterAll(() => slow.close());

  /** What is read until the server closes, while bytes are sent one by one for as long as it takes them. */
  async function trickle(socket: Duplex, head: string): Promise<string> {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.write(head);
    const timer = setInterval(() => socket.write('x'), 20);
    socket.once('end', () => clearInterval(timer));
    await once(socket, 'close');
    clearInterval(timer);
    return text;
  }

  it('for the handshake is let go', async () => {
    const socket = connectTcp(slow.port, '127.0.0.1');
    expect(await trickle(socket, '')).toBe('');
    const silent = connectTcp(slow.port, '127.0.0.1').resume();
    await once(silent, 'close');
  });

  it('for its headers is answered 408 and let go', async () => {
    const text = await trickle(await slow.connect(), 'GET /version HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
    expect(text).toMatch(/^HTTP\/1.1 408 /);
  });

  it('for its body is answered 408 and let go', async () => {
    const head = `POST ${pods} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{`;
    expect(await trickle(await slow.connect(), head)).toMatch(/^HTTP\/1.1 408 /);
  });

  it('between requests is let go, in HTTP/2 as well', async () => {
    const socket = await slow.connect();
    const closed = once(socket.resume(), 'close');
    socket.write('GET /version HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const session = await slow.connectHttp2();
    await Promise.all([closed, once(session, 'close')]);
  });

  it('holds no others up', async () => {
    const held = await Promise.all(Array.from({ length: 20 }, () => slow.connect()));
    const closed = Promise.all(held.map((socket) => once(socket.resume(), 'close')));
    for (const socket of held) socket.write('GET /version HTTP/1.1\r\nhost: localhost\r\nx: ');
    expect((await slow.send({ path: '/version' })).code).toBe(200);
    await closed;
  });
});
