import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP, type Socket } from 'node:net';
import { TransportError } from './transport.js';

export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

const timeoutMs = 10_000;

/**
 * A connection to the target through a proxy: CONNECT for `http:` and `https:`, RFC 1928 for `socks5:`. Names are
 * resolved by the proxy. @throws TransportError that names the proxy and says why
 */
export async function openTunnel(proxy: URL, target: TunnelTarget): Promise<Socket> {
  try {
    return await (proxy.protocol.startsWith('socks5')
      ? throughSocks(proxy, target)
      : throughHttp(proxy, target));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message || String(cause) : String(cause);
    throw new TransportError(`the proxy ${proxy.host} gave no way to ${target.host}:${target.port}: ${why}`, {
      cause,
      unsent: true,
    });
  }
}

function credentialsOf(proxy: URL): { readonly user: string; readonly password: string } | undefined {
  if (proxy.username === '') return undefined;
  return { user: decodeURIComponent(proxy.username), password: decodeURIComponent(proxy.password) };
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function throughHttp(proxy: URL, { host, port }: TunnelTarget): Promise<Socket> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const credentials = credentialsOf(proxy);
  const basic = credentials && Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      method: 'CONNECT',
      host: hostOf(proxy),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: authority,
      headers: { host: authority, ...(basic ? { 'proxy-authorization': `Basic ${basic}` } : {}) },
      agent: false,
      timeout: timeoutMs,
    });
    request.once('connect', ({ statusCode, statusMessage }, socket: Socket, head: Buffer) => {
      if (statusCode !== undefined && statusCode >= 200 && statusCode < 300) {
        socket.setTimeout(0);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      const hint = statusCode === 407 ? '; put user:password@ into its URL' : '';
      reject(new Error(`it answered ${statusCode} ${statusMessage}${hint}`));
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.once('error', reject);
    request.end();
  });
}

/** What a SOCKS5 proxy answers to a request that it does not carry out. Source: RFC 1928, 6. */
const socksFaults: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'not allowed by its rules',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'TTL expired',
};

async function throughSocks(proxy: URL, { host, port }: TunnelTarget): Promise<Socket> {
  const socket = connect({ host: hostOf(proxy), port: Number(proxy.port || 1080) });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  try {
    const credentials = credentialsOf(proxy);
    socket.write(Uint8Array.of(5, 1, credentials === undefined ? 0 : 2));
    const [, method] = await read(socket, 2);
    if (method === 0xff) throw new Error('it wants other credentials; put user:password@ into its URL');
    if (method === 2 && credentials !== undefined) {
      const { user, password } = credentials;
      socket.write(Buffer.concat([Uint8Array.of(1), counted(user), counted(password)]));
      const [, status] = await read(socket, 2);
      if (status !== 0) throw new Error('it does not know this user or password');
    }
    // 3: the address is a name, which a literal address may be too.
    socket.write(
      Buffer.concat([Uint8Array.of(5, 1, 0, 3), counted(host), Uint8Array.of(port >> 8, port & 255)]),
    );
    const [, reply = 0, , type, length = 0] = await read(socket, 5);
    if (reply !== 0) throw new Error(socksFaults[reply] ?? `fault ${reply}`);
    await read(socket, (type === 1 ? 3 : type === 4 ? 15 : length) + 2);
    socket.setTimeout(0);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) throw new Error('a name or password is longer than the protocol allows');
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}

/** Exactly that many bytes; what follows stays in the socket. */
function read(socket: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      socket.off('readable', look);
      socket.off('error', failed);
      socket.off('end', ended);
    };
    const failed = (error: Error) => {
      leave();
      reject(error);
    };
    const ended = () => failed(new Error('it closed the connection'));
    const look = () => {
      const bytes = socket.read(count) as Buffer | null;
      if (bytes === null) return;
      leave();
      resolve(bytes);
    };
    socket.on('readable', look);
    socket.once('error', failed);
    socket.once('end', ended);
    look();
  });
}
