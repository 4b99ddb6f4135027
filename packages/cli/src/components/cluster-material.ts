import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  authorityFiles,
  authorityTexts,
  type BootstrapMaterial,
  BootstrapStore,
  makeJoinToken,
  mustBeWhole,
  PkiDirectory,
  readAuthorities,
  rotated,
  type Storage,
} from '@kubewright/apiserver';
import { CommandError } from '../command-error.js';
import type { DataDirectory } from '../data-directory.js';
import { readIfThere, writePrivate } from '../private-file.js';

/** Where authorities lie in `pki/`: the cluster's, and that of front proxies. */
const authorityPlaces = ['', 'front-proxy/'];
/** Files of `pki/` that are the cluster's; all others are those of one server. */
const sharedFiles = [
  ...authorityPlaces.flatMap((place) => authorityFiles.map((file) => `${place}${file}`)),
  'sa.key',
  'sa.pub',
];
const encryptionName = 'encryption-configuration';
const serviceRangeName = 'service-cluster-ip-range';

/** What a server has of its cluster. */
export interface ClusterMaterial {
  /** The range of cluster IPs. */
  readonly serviceRange: string;
  /** Makes the next authorities and lets them take over where it is time, for all servers, and takes what there is. */
  renewAuthorities(): Promise<void>;
  /** The EncryptionConfiguration, as it is now; undefined where there is none. */
  encryptionConfiguration(): Promise<string | undefined>;
  /** Gives the cluster another one. */
  setEncryptionConfiguration(content: string): Promise<void>;
}

/**
 * Takes what the servers of a cluster have in common out of its store, into the data directory; the first of them puts
 * it there. The join token that it is encrypted with is in the file named, or else in the data directory, where the
 * first server leaves it.
 * @throws CommandError where the token is missing or is that of another cluster
 */
export async function joinCluster(options: {
  readonly storage: Storage;
  readonly data: DataDirectory;
  readonly tokenFile: string | undefined;
  /** Of cluster IPs, where this server is the first. */
  readonly serviceRange: string;
}): Promise<ClusterMaterial> {
  const { storage, data, tokenFile, serviceRange } = options;
  await mustBeWhole(storage);
  const ownFile = join(data.path, 'join-token');
  const known = await readToken(tokenFile ?? ownFile, tokenFile !== undefined);
  if (known === undefined && (await BootstrapStore.isThere(storage)))
    throw new CommandError(
      "the store is that of a cluster with other servers: bring the file join-token of one's data directory here, and name it with --join-token-file",
    );
  const token = known ?? makeJoinToken();
  try {
    const store = new BootstrapStore(storage, token);
    const material =
      (await store.read()) ??
      (await store.publish({ ...(await ownMaterial(data)), [serviceRangeName]: serviceRange }));
    await writePrivate(ownFile, `${token}\n`);
    await writeShared(data, material);
    return {
      serviceRange: material[serviceRangeName] ?? serviceRange,
      renewAuthorities: async () => {
        const known = (await store.read()) ?? material;
        const now = Date.now();
        if ((await renewed(known, now)) === known) return writeShared(data, known);
        // One of the servers is first; the others take what it made.
        await store.change((current) => renewed(current, now));
        await writeShared(data, (await store.read()) ?? known);
      },
      encryptionConfiguration: async () => (await store.read())?.[encryptionName],
      setEncryptionConfiguration: (content) =>
        store.change((current) => ({ ...current, [encryptionName]: content })),
    };
  } catch (cause) {
    throw new CommandError(
      `--join-token-file ${tokenFile ?? ownFile}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

async function writeShared({ pki }: DataDirectory, material: BootstrapMaterial): Promise<void> {
  for (const file of sharedFiles) {
    const path = join(pki, file);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writePrivate(path, material[file] ?? '');
  }
}

/** The same value where nothing is due. */
async function renewed(material: BootstrapMaterial, now: number): Promise<BootstrapMaterial> {
  let result = material;
  for (const place of authorityPlaces) {
    const known = readAuthorities((file) => material[`${place}${file}`]);
    const due = known && (await rotated(known, now));
    if (due === undefined || due === known) continue;
    const texts = Object.entries(authorityTexts(due)).map(([file, text]) => [`${place}${file}`, text]);
    result = { ...result, ...Object.fromEntries(texts) };
  }
  return result;
}

/** What the data directory has; what is missing is made. */
async function ownMaterial({ pki }: DataDirectory): Promise<BootstrapMaterial> {
  await (await PkiDirectory.open(pki)).tokenKeys();
  await PkiDirectory.open(join(pki, 'front-proxy'));
  const contents = await Promise.all(
    sharedFiles.map(async (file) => [file, (await readIfThere(join(pki, file))) ?? ''] as const),
  );
  return Object.fromEntries(contents);
}

async function readToken(file: string, isNamed: boolean): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    if (!isNamed && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(`--join-token-file ${file}: can't be read`, { cause });
  }
}
