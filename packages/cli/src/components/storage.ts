import { readFile } from 'node:fs/promises';
import { LmdbStorage, MemoryStorage, type Storage } from '@kubewright/apiserver';
import type { Logger } from 'pino';
import { CommandError, unusableFile } from '../command-error.js';

/** The engine and, for etcd, where it is. */
export type StorageChoice =
  | { readonly engine: 'lmdb' }
  | { readonly engine: 'memory' }
  | { readonly engine: 'etcd'; readonly endpoints: readonly string[] };

/** Options of the command line, named as kube-apiserver's. Files are PEM. */
export interface StorageFlags {
  readonly storage: StorageChoice;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly etcdUserFile?: string;
  readonly etcdPrefix: string;
  /** In seconds. */
  readonly etcdCompactionInterval: number;
  /** In seconds. */
  readonly eventTtl: number;
}

export interface StorePlace {
  /** LMDB's. */
  readonly directory: string;
  readonly logger: Logger;
  /** Where the revisions of a new store begin, as far as the engine lets it. @default 1 */
  readonly firstRevision?: number | undefined;
}

/** Opens a store. gRPC is loaded only for etcd. */
export async function openStorage(
  flags: StorageFlags,
  { directory, logger, firstRevision = 1 }: StorePlace,
): Promise<Storage> {
  const { storage } = flags;
  if (storage.engine === 'memory') return new MemoryStorage({ firstRevision });
  if (storage.engine === 'lmdb') return LmdbStorage.open(directory, { firstRevision, logger });
  return openEtcd(flags, storage.endpoints, logger);
}

async function openEtcd(flags: StorageFlags, endpoints: readonly string[], logger: Logger): Promise<Storage> {
  const { etcdCafile, etcdCertfile, etcdKeyfile, etcdUserFile } = flags;
  if ((etcdCertfile === undefined) !== (etcdKeyfile === undefined))
    throw new CommandError('--etcd-certfile and --etcd-keyfile go together');
  if (!/^(\/[^/]+)+$/.test(flags.etcdPrefix))
    throw new CommandError(`--etcd-prefix ${flags.etcdPrefix}: must be a path such as /registry`);
  const [ca, certificate, key] = await Promise.all(
    Object.entries({
      '--etcd-cafile': etcdCafile,
      '--etcd-certfile': etcdCertfile,
      '--etcd-keyfile': etcdKeyfile,
    }).map(([option, file]) => (file === undefined ? undefined : readOption(file, option))),
  );
  const user = etcdUserFile === undefined ? undefined : await readUser(etcdUserFile);
  const { EtcdStorage } = await import('@kubewright/apiserver/etcd');
  return EtcdStorage.open({
    endpoints,
    prefix: flags.etcdPrefix,
    compactionIntervalMs: flags.etcdCompactionInterval * 1000,
    logger,
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
    ...(user === undefined ? {} : { user }),
  });
}

async function readOption(file: string, option: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw unusableFile(file, cause, option);
  }
}

async function readUser(file: string): Promise<{ readonly name: string; readonly password: string }> {
  const text = (await readOption(file, '--etcd-user-file')).toString().trimEnd();
  const colon = text.indexOf(':');
  if (colon < 1) throw new CommandError(`--etcd-user-file ${file}: must be NAME:PASSWORD`);
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
