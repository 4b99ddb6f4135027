import type { ClientIdentity, ConnectionOptions } from '../kubeconfig/connection.js';

/** The part of TLS that Node's connectors take, for HTTP and WebSockets alike. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export function tlsOptions(connection: ConnectionOptions, identity?: ClientIdentity): TlsOptions {
  const cert = identity?.certificate ?? connection.clientCertificate;
  const key = identity?.key ?? connection.clientKey;
  const ca = identity?.ca ?? connection.ca;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(connection.tlsServerName === undefined ? {} : { servername: connection.tlsServerName }),
    ...(connection.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
  };
}
