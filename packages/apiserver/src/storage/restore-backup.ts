import type { BackupHead, ReadBackup } from './backup.js';
import type { Storage, StorageEntry } from './storage.js';

/** What came of a restore. */
export interface Restored {
  readonly entries: number;
  /** The store's revision now. Everything before it is compacted. */
  readonly revision: number;
  /**
   * Whether this is above every revision that the old store can have issued: then who watched it is told 410, and lists
   * again. Where it is not, clients must be made to.
   */
  readonly above: boolean;
}

/** Is in a store until the restore into it has come to its end. */
const markKey = '/registry/kubewright.dev/restore';
const root = '/registry/';
const pageEntries = 500;

/**
 * Puts the entries of a backup into an empty store, at new revisions, all or none: what a restore that was broken off
 * has left is marked as such, no server serves it ({@link mustBeWhole}), and the next restore removes it first.
 * @throws Error where the store has objects already, or another restore has begun meanwhile
 */
export async function restoreBackup(storage: Storage, { head, entries }: ReadBackup): Promise<Restored> {
  const mark = await begin(storage);
  const put = async (batch: readonly StorageEntry[]) => {
    mustBeOurs((await storage.get(markKey)).entry?.revision, mark);
    await Promise.all(batch.map(({ key, value }) => create(storage, key, value)));
  };
  let count = 0;
  let batch: StorageEntry[] = [];
  for await (const entry of entries) {
    batch.push(entry);
    count++;
    if (batch.length < pageEntries) continue;
    await put(batch);
    batch = [];
  }
  await put(batch);
  await storage.write(markKey, (current) => {
    mustBeOurs(current?.revision, mark);
    return { delete: true };
  });
  const revision = await storage.revision();
  await storage.compact(revision);
  return { entries: count, revision, above: revision >= revisionAfter(head) };
}

/** @throws Error where the store has objects: a backup takes the place of nothing */
export async function mustBeEmpty(storage: Storage): Promise<void> {
  const { entries } = await storage.list(root, { limit: 1 });
  if (entries.length > 0) throw notEmpty();
}

/** @throws Error where the store has a part of a backup only */
export async function mustBeWhole(storage: Storage): Promise<void> {
  if ((await storage.get(markKey)).entry !== undefined)
    throw new Error(
      'the store has a part of a backup only: a restore is under way, or was broken off and has to be made again',
    );
}

/**
 * Where the revisions of a store begin that takes the place of another: so far above those of a backup that the other
 * can't have come there since.
 */
export function revisionAfter({ revision }: BackupHead): number {
  return revision + 1_000_000_000;
}

/** @returns the revision of the mark, by which this restore knows it */
async function begin(storage: Storage): Promise<number> {
  const { entry: left } = await storage.get(markKey);
  if (left === undefined) await mustBeEmpty(storage);
  const mark = await storage.write(markKey, () => ({ put: Buffer.from('{}') }));
  if (left !== undefined) await removeAll(storage);
  return mark;
}

async function removeAll(storage: Storage): Promise<void> {
  for (let startAfter: string | undefined; ; ) {
    const page = await storage.list(root, {
      limit: pageEntries,
      ...(startAfter === undefined ? {} : { startAfter }),
    });
    const keys = page.entries.map(({ key }) => key);
    await Promise.all(
      keys.filter((key) => key !== markKey).map((key) => storage.write(key, () => ({ delete: true }))),
    );
    startAfter = keys.at(-1);
    if (!page.more || startAfter === undefined) return;
  }
}

function create(storage: Storage, key: string, value: Buffer): Promise<number> {
  return storage.write(key, (current) => {
    if (current !== undefined) throw notEmpty();
    return { put: value };
  });
}

/** One that was stopped for long must not write into what another has made since. */
function mustBeOurs(found: number | undefined, mark: number): void {
  if (found !== mark) throw new Error('another restore into this store has begun meanwhile');
}

function notEmpty(): Error {
  return new Error('the store has objects already: a backup is restored into an empty one');
}
