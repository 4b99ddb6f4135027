import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { Pod } from '@kubewright/api/core/v1';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Client } from '../client.js';
import type { ResourceClient } from '../resource-client.js';
import { httpsTransport } from './https.js';

let server: Server;
let origin = '';
let pods: ResourceClient<Pod>;
let client: Client;
const seen: {
  url: string;
  authorization: string | undefined;
  groups: string | undefined;
  extra: unknown;
}[] = [];

const frame = (channel: number, text: string) => Buffer.concat([Buffer.of(channel), Buffer.from(text)]);
const exitStatus = (code: number) =>
  JSON.stringify({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with exit code ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });

/** What each path does with an upgraded connection. */
const streams: Record<string, (socket: WebSocket) => void> = {
  exec(socket) {
    let input = '';
    socket.on('message', (data: Buffer) => {
      if (data[0] === 0) input += data.subarray(1).toString();
      if (data[0] === 4) socket.send(frame(2, `size ${data.subarray(1).toString()}`));
      if (data[0] !== 255) return;
      socket.send(frame(1, input));
      socket.send(frame(3, exitStatus(7)));
      socket.close();
    });
  },
  // Much output, so that what waits for its reader passes every bound.
  attach(socket) {
    for (let i = 0; i < 500; i++) socket.send(frame(1, `${i}\n`.padEnd(4000, '.')));
    socket.send(frame(3, JSON.stringify({ status: 'Success' })));
    socket.close();
  },
  portforward(socket) {
    const port = Buffer.of(0x90, 0x1f);
    socket.send(Buffer.concat([Buffer.of(0), port]));
    socket.send(Buffer.concat([Buffer.of(1), port]));
    socket.on('message', (data: Buffer) => {
      socket.send(data);
      if (data.subarray(1).toString() === 'fail') socket.send(frame(1, 'connection refused'));
    });
  },
};

/** The timers that the kernel keeps for the connections of this process to a port: `keepalive` asks when all is silent. */
async function timersOfConnectionsTo(port: number): Promise<(string | undefined)[]> {
  const { stdout } = await promisify(execFile)('ss', [
    '-tnoHp',
    'state',
    'established',
    'dport',
    '=',
    `:${port}`,
  ]);
  const own = stdout.split('\n').filter((line) => line.includes(`pid=${process.pid},`));
  return own.map((line) => /timer:\((\w+),/.exec(line)?.[1]);
}

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({
      url: request.url ?? '',
      authorization: request.headers.authorization,
      groups: request.headersDistinct['impersonate-group']?.join(' '),
      extra: request.headersDistinct['impersonate-extra-example.dev%2freason'],
    });
    if (request.url?.includes('/log')) {
      response.write('first\nsec');
      setImmediate(() => response.end('ond\n\nl\u00e4st'));
    } else if (request.url?.includes('/cut')) {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"metadata":');
      setImmediate(() => response.destroy());
    } else response.end('{"metadata":{"name":"a"}}');
  });
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  server.on('upgrade', (request, socket, head) => {
    const stream = streams[new URL(request.url ?? '', origin).pathname.split('/').at(-1) ?? ''];
    if (stream === undefined || request.url?.includes('/missing/')) {
      const status = JSON.stringify({
        kind: 'Status',
        status: 'Failure',
        reason: 'NotFound',
        code: 404,
        message: 'no pod',
      });
      socket.end(`HTTP/1.1 404 Not Found\r\ncontent-length: ${status.length}\r\n\r\n${status}`);
    } else {
      // An older server, which does not know of SPDY in a WebSocket.
      const offered = request.headers['sec-websocket-protocol']?.split(', ') ?? [];
      request.headers['sec-websocket-protocol'] = offered.filter((name) => !name.includes('/')).join(', ');
      sockets.handleUpgrade(request, socket, head, stream);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = await Client.fromConnection({
    server: `${origin}/base/`,
    token: async () => 'secret',
    impersonate: { user: 'me', groups: ['a', 'b'], extra: { 'example.dev/reason': ['x', 'y'] } },
  });
  pods = client.resource(Pod).namespace('web');
});
afterAll(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

describe('httpsTransport', () => {
  it('sends the credentials, below the path of the server', async () => {
    await pods.get('a', { resourceVersion: '0' });
    expect(seen.at(-1)).toEqual({
      url: '/base/api/v1/namespaces/web/pods/a?resourceVersion=0',
      authorization: 'Bearer secret',
      groups: 'a b',
      extra: ['x', 'y'],
    });
  });

  it('says when nobody listens, and that the request was not sent', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const transport = await httpsTransport({ server: `http://127.0.0.1:${port}` });
    await expect(transport.request({ method: 'GET', path: '/api', headers: {} })).rejects.toMatchObject({
      name: 'TransportError',
      unsent: true,
      message: expect.stringMatching(/GET \/api at http.*ECONNREFUSED/),
    });
    await transport.close();
  });

  it('says when an answer is cut', async () => {
    const impatient = await Client.fromConnection({ server: origin }, { retries: 0 });
    await expect(impatient.getPath('/cut')).rejects.toMatchObject({ name: 'TransportError', unsent: false });
    await impatient.close();
  });

  it('has the kernel ask whether the server is still there, also through a proxy', async () => {
    const proxy = createServer().on('connect', (_request, near: Socket, head: Buffer) => {
      const far = connect(Number(new URL(origin).port), '127.0.0.1', () => {
        near.write('HTTP/1.1 200 OK\r\n\r\n');
        far.write(head);
        near.pipe(far).pipe(near);
      });
      for (const socket of [near, far]) socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const proxied = await Client.fromConnection({ server: origin, proxyUrl: `http://127.0.0.1:${port}` });
    const pod = proxied.resource(Pod).namespace('web');
    await pod.get('a');
    expect(await timersOfConnectionsTo(port)).toEqual(['keepalive']);
    await proxied.close();
    proxy.closeAllConnections();
    proxy.close();
    await client.getPath('/');
    expect(new Set(await timersOfConnectionsTo(Number(new URL(origin).port)))).toEqual(
      new Set(['keepalive']),
    );
  });

  it('refuses to go on after close', async () => {
    const closed = await Client.fromConnection({ server: origin });
    await closed.close();
    await expect(closed.getPath('/')).rejects.toMatchObject({ permanent: true });
  });

  it('does not take a server without http', async () => {
    await expect(httpsTransport({ server: 'ftp://host' })).rejects.toThrow(TypeError);
  });
});

describe('streams', () => {
  it('gives the lines of a log', async () => {
    const lines: string[] = [];
    for await (const line of pods.logs('a', { container: 'c', tailLines: 5 })) lines.push(line);
    expect(lines).toEqual(['first', 'second', '', 'l\u00e4st']);
    expect(seen.at(-1)?.url).toBe('/base/api/v1/namespaces/web/pods/a/log?container=c&tailLines=5');
  });

  it('runs a command with input, a terminal size and an exit code', async () => {
    const process = await pods.exec('a', { command: ['sh', '-c', 'cat'], stdin: true });
    await process.resize({ width: 80, height: 24 });
    await process.write('x'.repeat(70_000));
    await process.end();
    const result = await process.result();
    expect(result).toMatchObject({
      code: 7,
      message: 'command terminated with exit code 7',
      stderr: 'size {"Width":80,"Height":24}',
    });
    expect(result.stdout).toBe('x'.repeat(70_000));
  });

  it('reads much output in order, and a success', async () => {
    const process = await pods.attach('a');
    const { stdout, code } = await process.result();
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBe(501);
    expect(stdout.length).toBe(500 * 4000);
  });

  it('throws what the server answers in place of a connection', async () => {
    const refused = client
      .resource(Pod)
      .namespace('web')
      .exec('missing', { command: ['true'] });
    await expect(refused).rejects.toMatchObject({ name: 'ApiError', reason: 'NotFound', message: 'no pod' });
  });

  it('forwards a port, and throws the fault that the other end tells', async () => {
    const connection = await pods.portForward('a', 8080);
    const output = connection.output[Symbol.asyncIterator]();
    await connection.write(Buffer.from('ping'));
    expect(Buffer.from((await output.next()).value ?? []).toString()).toBe('ping');
    await connection.write(Buffer.from('fail'));
    await output.next();
    await expect(output.next()).rejects.toThrow('port 8080: connection refused');
  });
});
