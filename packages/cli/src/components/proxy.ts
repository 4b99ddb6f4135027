import type { Client } from '@kubewright/client';
import { startProxy } from '@kubewright/runtime';
import type { Logger } from 'pino';
import type { Running } from './running.js';

export interface ProxyComponentOptions {
  readonly client: Client;
  readonly logger: Logger;
  readonly nodeName: string;
  /** Where node ports listen. */
  readonly nodeIP: string;
  readonly serviceRange: string;
}

/** Forwards connections to services on this machine. Resolves when the known ones are served. */
export async function startProxyComponent(options: ProxyComponentOptions): Promise<Running> {
  const { client, logger, nodeName, nodeIP, serviceRange } = options;
  return startProxy(client, { logger, nodeName, nodeIPs: [nodeIP], serviceRange });
}
