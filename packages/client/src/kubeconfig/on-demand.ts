import type { ConnectionOptions } from './connection.js';
import type { Kubeconfig } from './kubeconfig.js';
import type { LoadOptions } from './load.js';

// Reading kubeconfigs is a third of the client's code, and of the time that loading it takes: a controller in a test,
// a page, or a program that knows its connection never needs it.

/** How to reach the cluster that the user means. @throws KubeconfigError, which names the file and the field */
export async function loadConnection(options?: LoadOptions): Promise<ConnectionOptions> {
  const load = await import('./load.js');
  return load.loadConnection(options);
}

/** The files that apply, merged; undefined when there is none. @throws KubeconfigError */
export async function loadKubeconfig(options?: LoadOptions): Promise<Kubeconfig | undefined> {
  const load = await import('./load.js');
  return load.loadKubeconfig(options);
}

/**
 * Reads a kubeconfig's text, YAML or JSON.
 * @param file the name for messages, and what relative paths are relative to
 * @throws KubeconfigError
 */
export async function parseKubeconfig(text: string, file: string): Promise<Kubeconfig> {
  const parse = await import('./parse.js');
  return parse.parseKubeconfig(text, file);
}

/** What a context means, with its files read. @throws KubeconfigError */
export async function connectionOf(kubeconfig: Kubeconfig, context?: string): Promise<ConnectionOptions> {
  const resolve = await import('./resolve.js');
  return resolve.connectionOf(kubeconfig, context);
}
