import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  backupPath,
  expiringPrefixes,
  type ReadBackup,
  readBackup,
  restoreBackup,
  revisionAfter,
  type Storage,
  writeBackup,
} from '@kubewright/apiserver';
import { httpsTransport, loadConnection } from '@kubewright/client';
import { CommandError } from './command-error.js';
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
  const storage = await openTarget(options, revisionAfter(head));
  try {
    for (const { prefix, seconds } of expiringPrefixes()) storage.expireAfter?.(prefix, seconds);
    const { entries, revision, above } = await restoreBackup(
      storage,
      await readBackup(createReadStream(file)),
    );
    process.stdout.write(`restored ${entries} objects as of revision ${head.revision}, now at ${revision}\n`);
    if (!above)
      process.stderr.write(
        `kubewright: warning: etcd begins its revisions by itself, at ${revision}: clients that watched the old store must list again (restart them)\n`,
      );
  } finally {
    await storage.close();
  }
  return 0;
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
    const verified = await verify(partial);
    await rename(partial, file);
    return verified;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function verify(
  file: string,
): Promise<{ readonly head: ReadBackup['head']; readonly entries: number }> {
  const { head, entries } = await readBackup(createReadStream(file));
  let count = 0;
  for await (const _ of entries) count++;
  return { head, entries: count };
}

async function withSource(
  options: BackupCommandOptions,
  read: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  if (options.dataDir === undefined && options.storage.engine !== 'etcd') {
    const transport = await httpsTransport(await loadConnection({ path: options.kubeconfig }));
    try {
      const { status, body } = await transport.request({ method: 'GET', path: backupPath, headers: {} });
      if (status !== 200) throw new CommandError(`the server answers ${backupPath} with ${status}`);
      await read(body);
    } finally {
      await transport.close();
    }
    return;
  }
  if (options.dataDir !== undefined)
    await mustBeThere(join(options.dataDir, 'store', 'data.mdb'), options.dataDir);
  const storage = await openTarget(options);
  try {
    await read(writeBackup(storage, new Date()));
  } finally {
    await storage.close();
  }
}

async function mustBeThere(file: string, dataDir: string): Promise<void> {
  try {
    await stat(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new CommandError(`${dataDir} has no store`, { cause });
  }
}

function openTarget(options: BackupCommandOptions, firstRevision?: number): Promise<Storage> {
  const { dataDir, storage } = options;
  if (storage.engine !== 'etcd' && dataDir === undefined)
    throw new CommandError('say where: --data-dir DIR, or --storage etcd=URL');
  const flags = { ...options, eventTtl: 0, etcdCompactionInterval: 0 };
  return openStorage(flags, {
    directory: join(dataDir ?? '', 'store'),
    logger: createLogger('backup', options.verbose),
    firstRevision,
  });
}
