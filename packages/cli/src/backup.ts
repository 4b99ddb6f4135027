import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  backupPath,
  expiringPrefixes,
  mustBeEmpty,
  type ReadBackup,
  type Restored,
  readBackup,
  restoreBackup,
  revisionAfter,
  type Storage,
  writeBackup,
} from '@kubewright/apiserver';
import { Client } from '@kubewright/client';
import { CommandError, unusableFile } from './command-error.js';
import { openStorage, type StorageFlags } from './components/storage.js';
import { createLogger } from './logger.js';

export interface BackupCommandOptions extends Omit<StorageFlags, 'eventTtl'> {
  /** Of a cluster that runs. */
  readonly kubeconfig?: string;
  /** Of one that is stopped. */
  readonly dataDir?: string;
  readonly verbose: number;
}

/** `kubewright backup FILE`: of a running cluster, a stopped one's data directory, or etcd. @returns the exit status */
export async function backup(file: string, options: BackupCommandOptions): Promise<number> {
  const { head, entries } = await writeWhole(file, options);
  process.stdout.write(`${file} has ${entries} objects as of revision ${head.revision}\n`);
  return 0;
}

/** `kubewright restore FILE`: into a new data directory, or an empty etcd. @returns the exit status */
export async function restore(file: string, options: BackupCommandOptions): Promise<number> {
  // All of it is read before anything is written.
  const { head } = await verify(file);
  const { entries, revision, above } = await intoTarget(options, revisionAfter(head), async (storage) => {
    for (const { prefix, seconds } of expiringPrefixes()) storage.expireAfter?.(prefix, seconds);
    return restoreBackup(storage, await readBackup(createReadStream(file)));
  });
  process.stdout.write(`restored ${entries} objects as of revision ${head.revision}, now at ${revision}\n`);
  if (!above)
    process.stderr.write(
      `kubewright: warning: etcd begins its revisions by itself, at ${revision}: clients that watched the old store must list again (restart them)\n`,
    );
  return 0;
}

/** Fills a store. A directory gets it only when it is whole, so that no server ever serves half of a backup. */
async function intoTarget(
  options: BackupCommandOptions,
  firstRevision: number,
  fill: (storage: Storage) => Promise<Restored>,
): Promise<Restored> {
  const { dataDir, storage } = options;
  if (dataDir === undefined || storage.engine === 'etcd')
    return using(await openStore(options, undefined, firstRevision), fill);
  const store = join(dataDir, 'store');
  if (await isThere(join(store, 'data.mdb')))
    await using(await openStore(options, store), mustBeEmpty).catch((cause: unknown) => {
      throw unusableFile(store, cause);
    });
  const partial = `${store}.partial`;
  await rm(partial, { recursive: true, force: true });
  const restored = await using(await openStore(options, partial, firstRevision), fill);
  await rm(store, { recursive: true, force: true });
  await rename(partial, store);
  return restored;
}

async function using<T>(storage: Storage, work: (storage: Storage) => Promise<T>): Promise<T> {
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}

/** Under another name until it is whole. */
async function writeWhole(file: string, options: BackupCommandOptions) {
  const partial = `${file}.partial`;
  try {
    const handle = await open(partial, 'w', 0o600);
    try {
      await withSource(options, async (chunks) => {
        for await (const chunk of chunks) await handle.write(chunk);
      });
      await handle.sync();
    } finally {
      await handle.close();
    }
    const verified = await verify(partial, file);
    await rename(partial, file);
    return verified;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function verify(
  file: string,
  name = file,
): Promise<{ readonly head: ReadBackup['head']; readonly entries: number }> {
  try {
    const { head, entries } = await readBackup(createReadStream(file));
    let count = 0;
    for await (const _ of entries) count++;
    return { head, entries: count };
  } catch (cause) {
    throw unusableFile(name, cause);
  }
}

async function withSource(
  options: BackupCommandOptions,
  read: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  if (options.dataDir === undefined && options.storage.engine !== 'etcd') {
    const client = await Client.fromKubeconfig({ path: options.kubeconfig });
    try {
      const { body } = await client.requester.stream({ method: 'GET', path: backupPath });
      await read(body);
    } finally {
      await client.close();
    }
    return;
  }
  const { dataDir } = options;
  const store = dataDir === undefined ? undefined : join(dataDir, 'store');
  if (store !== undefined && !(await isThere(join(store, 'data.mdb'))))
    throw new CommandError(`${dataDir} has no store`);
  await using(await openStore(options, store), (storage) => read(writeBackup(storage, new Date())));
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    return false;
  }
}

/** LMDB's directory, or etcd. */
function openStore(
  options: BackupCommandOptions,
  directory: string | undefined,
  firstRevision?: number,
): Promise<Storage> {
  if (options.storage.engine !== 'etcd' && directory === undefined)
    throw new CommandError('say where: --data-dir DIR, or --storage etcd=URL');
  const flags = { ...options, eventTtl: 0, etcdCompactionInterval: 0 };
  const logger = createLogger('backup', options.verbose);
  return openStorage(flags, { directory: directory ?? '', logger, firstRevision });
}
