import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type DirectoryLock, lockDirectory, makeDirectory } from '@kubewright/apiserver';
import { CommandError } from './command-error.js';
import { readIfThere, writePrivate } from './private-file.js';

/** What a cluster remembers of its first start. */
export interface ClusterSettings {
  /** See `addressesOf`. */
  readonly slot: number;
  /** Whether pods and services have loopback addresses. */
  readonly loopback: boolean;
}

/**
 * Where everything of one cluster lives: `pki/`, `store/`, `node/` (kubelet), `runtime/` (container runtime),
 * `kubeconfig` of the admin, `COMPONENT.kubeconfig` of each part, `settings.json`, `lock`.
 */
export interface DataDirectory {
  /** Absolute and without links. */
  readonly path: string;
  readonly pki: string;
  readonly store: string;
  readonly node: string;
  readonly kubeconfig: string;
  kubeconfigOf(component: string): string;
  readSettings(): Promise<ClusterSettings | undefined>;
  writeSettings(settings: ClusterSettings): Promise<void>;
  /** Lets another process have it. */
  release(): Promise<void>;
}

/**
 * Takes the directory for this process; makes it where it is missing.
 * @throws Error naming the other process that has it
 */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  // A variable of the shell that is not set.
  if (directory === '') throw new CommandError('--data-dir: names no directory');
  await makeDirectory(directory, 0o711);
  const path = await realpath(resolve(directory));
  const lock: DirectoryLock = await lockDirectory(path);
  const settingsFile = join(path, 'settings.json');
  return {
    path,
    pki: join(path, 'pki'),
    store: join(path, 'store'),
    node: join(path, 'node'),
    kubeconfig: join(path, 'kubeconfig'),
    kubeconfigOf: (component) => join(path, `${component}.kubeconfig`),
    readSettings: async () => {
      const text = await readIfThere(settingsFile);
      return text === undefined ? undefined : parseSettings(text, settingsFile);
    },
    writeSettings: (settings) => writePrivate(settingsFile, `${JSON.stringify(settings)}\n`),
    release: () => lock.release(),
  };
}

function parseSettings(text: string, file: string): ClusterSettings {
  let value: Partial<ClusterSettings>;
  try {
    value = JSON.parse(text) as Partial<ClusterSettings>;
  } catch (cause) {
    throw new CommandError(`${file}: is no JSON`, { cause });
  }
  const { slot, loopback } = value;
  if (!Number.isInteger(slot) || typeof loopback !== 'boolean')
    throw new CommandError(`${file}: slot must be a number and loopback a boolean`);
  return { slot: slot as number, loopback };
}
