import { buildConnector } from 'undici';
import { openTunnel } from './proxy-tunnel.js';
import type { TlsOptions } from './tls-options.js';

/** How long a connection may take to be there, in milliseconds. */
const timeoutMs = 10_000;
const keepAliveMs = 15_000;

/** Makes the connections of an undici agent, through a proxy where there is one. */
export function connectorThrough(proxyUrl: string | undefined, tls: TlsOptions): buildConnector.connector {
  const direct = buildConnector({ ...tls, keepAliveInitialDelay: keepAliveMs, timeout: timeoutMs });
  if (proxyUrl === undefined) return direct;
  const proxy = new URL(proxyUrl);
  return (options, callback) => {
    const secure = options.protocol === 'https:';
    const port = Number(options.port || (secure ? 443 : 80));
    openTunnel(proxy, { host: options.hostname.replace(/^\[(.*)\]$/, '$1'), port }).then(
      (socket) => {
        socket.setKeepAlive(true, keepAliveMs);
        socket.setNoDelay(true);
        if (secure) direct({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: unknown) => callback(error as Error, null),
    );
  };
}
