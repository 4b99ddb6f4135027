import type { CallOptions } from '../options.js';
import type { Requester } from '../request/requester.js';

/** One connection to a port of a pod. */
export interface PortForwardConnection {
  readonly output: AsyncIterable<Uint8Array>;
  write(data: Uint8Array): Promise<void>;
  close(): void;
}

export function openPortForward(
  requester: Requester,
  path: string,
  port: number,
  options: CallOptions,
): Promise<PortForwardConnection>;
export async function openPortForward(): Promise<PortForwardConnection> {
  throw new Error('not yet');
}
