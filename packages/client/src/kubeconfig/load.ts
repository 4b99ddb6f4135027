import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ConnectionOptions } from './connection.js';
import { inClusterConnection } from './in-cluster.js';
import { type Kubeconfig, KubeconfigError, mergeKubeconfigs } from './kubeconfig.js';
import { parseKubeconfig } from './parse.js';
import { proxyFromEnvironment } from './proxy.js';
import { connectionOf } from './resolve.js';

export interface LoadOptions {
  /** One file. @default those of `$KUBECONFIG`, then `~/.kube/config`, then the pod that this runs in */
  readonly path?: string | undefined;
  /** @default the kubeconfig's `current-context` */
  readonly context?: string | undefined;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** How to reach the cluster that the user means. @throws KubeconfigError, which names the file and the field */
export async function loadConnection(options: LoadOptions = {}): Promise<ConnectionOptions> {
  const env = options.env ?? process.env;
  const kubeconfig = await loadKubeconfig(options);
  const connection =
    kubeconfig === undefined
      ? await inClusterConnection(env)
      : await connectionOf(kubeconfig, options.context);
  if (connection !== undefined)
    return { ...connection, proxyUrl: connection.proxyUrl ?? proxyFromEnvironment(connection.server, env) };
  throw new KubeconfigError(
    'there is no such file, $KUBECONFIG names none, and this is no pod: there is no cluster to talk to',
    { file: defaultPath(env), field: '' },
  );
}

/** The files that apply, merged; undefined when there is none. @throws KubeconfigError */
export async function loadKubeconfig(options: LoadOptions = {}): Promise<Kubeconfig | undefined> {
  const env = options.env ?? process.env;
  if (options.path !== undefined) {
    const text = await read(options.path);
    if (text === undefined)
      throw new KubeconfigError('there is no such file', { file: options.path, field: '' });
    return parseKubeconfig(text, options.path);
  }
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  const kubeconfigs: Kubeconfig[] = [];
  // As with kubectl, a file of the list may be missing.
  for (const path of listed.length > 0 ? listed : [defaultPath(env)]) {
    const text = await read(path);
    if (text !== undefined) kubeconfigs.push(await parseKubeconfig(text, path));
  }
  return kubeconfigs.length === 0 ? undefined : mergeKubeconfigs(kubeconfigs);
}

function defaultPath(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.HOME ?? homedir(), '.kube', 'config');
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new KubeconfigError('can not be read', { file: path, field: '' }, cause);
  }
}
