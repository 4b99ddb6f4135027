import { isIP, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { Agent } from 'undici';
import type { ClientIdentity, ConnectionOptions } from '../kubeconfig/connection.js';
import { connectorThrough } from './connector.js';
import { openTunnel } from './proxy-tunnel.js';
import { type TlsOptions, tlsOptions } from './tls-options.js';

/** The connections of one client certificate. */
export interface AgentEntry {
  readonly agent: Agent;
  readonly tls: TlsOptions;
}

/**
 * Kept connections to one server. A new client certificate gets new connections: a server checks the one that a
 * connection began with at every request, so that old ones end with their certificate.
 */
export class AgentPool {
  readonly #connection: ConnectionOptions;
  readonly #agents = new Set<Agent>();
  #current: (AgentEntry & { readonly identity: ClientIdentity | undefined }) | undefined;
  #closed: Error | undefined;

  constructor(connection: ConnectionOptions) {
    this.#connection = connection;
  }

  async current(): Promise<AgentEntry> {
    const identity = await this.#connection.identity?.();
    const last = this.#current;
    if (last !== undefined && isSame(last.identity, identity)) return last;
    const tls = tlsOptions(this.#connection, identity);
    const agent = new Agent({
      connect: connectorThrough(this.#connection.proxyUrl, tls),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#agents.add(agent);
    // Watches of the old connections go on until they end of themselves.
    last?.agent.close().finally(() => this.#agents.delete(last.agent));
    this.#current = { agent, tls, identity };
    if (this.#closed !== undefined) await agent.destroy(this.#closed);
    return this.#current;
  }

  async close(reason: Error): Promise<void> {
    this.#closed = reason;
    await Promise.all([...this.#agents].map((agent) => agent.destroy(reason)));
  }
}

function isSame(one: ClientIdentity | undefined, other: ClientIdentity | undefined): boolean {
  return one === other || (one?.certificate === other?.certificate && one?.ca === other?.ca);
}

/** A socket to the URL's server through the proxy, for what does not use an agent. */
export async function proxiedSocket(proxyUrl: string, url: URL, tls: TlsOptions): Promise<Socket> {
  const secure = url.protocol === 'wss:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = await openTunnel(new URL(proxyUrl), { host, port: Number(url.port || (secure ? 443 : 80)) });
  if (!secure) return socket;
  return tlsConnect({
    ...tls,
    socket,
    host,
    ...(tls.servername === undefined && isIP(host) === 0 ? { servername: host } : {}),
  });
}
