import type { ConnectionOptions } from '../kubeconfig/connection.js';
import type { Transport } from './transport.js';

/** HTTP/1.1 over TLS (or without, for an `http:` server), with kept connections. */
export async function httpsTransport(_connection: ConnectionOptions): Promise<Transport> {
  throw new Error('not yet');
}
