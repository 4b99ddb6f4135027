import type { ConnectionOptions } from './connection.js';

export interface LoadOptions {
  /** One file. @default those of `$KUBECONFIG`, then `~/.kube/config`, then the pod that this runs in */
  readonly path?: string | undefined;
  /** @default the kubeconfig's `current-context` */
  readonly context?: string | undefined;
}

/** @throws KubeconfigError, which names the file and the field */
export async function loadConnection(_options: LoadOptions = {}): Promise<ConnectionOptions> {
  throw new Error('not yet');
}
