import { createServer, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { Client } from '../client.js';
import { httpsTransport } from './https.js';

let server: Server;
let httpProxy: Server;
let socksProxy: TcpServer;
const portOf = (of: Server | TcpServer) => (of.address() as AddressInfo).port;
const tunnels: string[] = [];

beforeAll(async () => {
  server = createServer((_request, response) => response.end('{"major":"1"}'));
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (opened) => opened.send(Buffer.from('hello'))),
  );
  httpProxy = createServer();
  httpProxy.on('connect', (request, socket) => {
    if (request.headers['proxy-authorization'] !== `Basic ${Buffer.from('me:s e').toString('base64')}`) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    tunnels.push(`http ${request.url}`);
    const target = connect(portOf(server), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(target).pipe(socket);
    });
    for (const end of [socket, target]) end.on('error', () => target.destroy());
  });
  socksProxy = createTcpServer((socket) => {
    socket.once('data', () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once('data', (request: Buffer) => {
        const length = request[4] ?? 0;
        const host = request.subarray(5, 5 + length).toString();
        if (host === 'nowhere') {
          socket.end(Uint8Array.of(5, 4, 0, 1, 0, 0, 0, 0, 0, 0));
          return;
        }
        tunnels.push(`socks ${host}:${request.readUInt16BE(5 + length)}`);
        const target = connect(portOf(server), '127.0.0.1', () => {
          socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
          socket.pipe(target).pipe(socket);
        });
        for (const end of [socket, target]) end.on('error', () => target.destroy());
      });
    });
  });
  for (const each of [server, httpProxy, socksProxy])
    await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', () => resolve()));
});
afterAll(() => {
  server.closeAllConnections();
  for (const each of [server, httpProxy, socksProxy]) each.close();
});

async function versionThrough(proxyUrl: string, host = 'api.example'): Promise<string> {
  const client = await Client.fromConnection({ server: `http://${host}:6443`, proxyUrl }, { retries: 0 });
  try {
    return (await client.version()).major;
  } finally {
    await client.close();
  }
}

describe('a client behind a proxy', () => {
  it('goes through HTTP and SOCKS5 proxies, which resolve the name', async () => {
    expect(await versionThrough(`http://me:s%20e@127.0.0.1:${portOf(httpProxy)}`)).toBe('1');
    expect(await versionThrough(`socks5://127.0.0.1:${portOf(socksProxy)}`)).toBe('1');
    expect(tunnels).toEqual(['http api.example:6443', 'socks api.example:6443']);
  });

  it('takes WebSockets along', async () => {
    const proxyUrl = `socks5://127.0.0.1:${portOf(socksProxy)}`;
    const transport = await httpsTransport({ server: 'http://api.example:6443', proxyUrl });
    const connection = await transport.connect({ path: '/', headers: {}, protocols: ['p'] });
    for await (const message of connection.messages) {
      expect(Buffer.from(message).toString()).toBe('hello');
      break;
    }
    connection.close();
    await transport.close();
  });

  it('says what the proxy said', async () => {
    await expect(versionThrough(`http://127.0.0.1:${portOf(httpProxy)}`)).rejects.toThrow(
      'gave no way to api.example:6443: it answered 407 Proxy Authentication Required; put user:password@ into its URL',
    );
    await expect(versionThrough(`socks5://127.0.0.1:${portOf(socksProxy)}`, 'nowhere')).rejects.toThrow(
      'gave no way to nowhere:6443: host unreachable',
    );
    await expect(versionThrough('http://127.0.0.1:1')).rejects.toThrow('ECONNREFUSED');
  });
});
