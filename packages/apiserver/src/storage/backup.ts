import { createHash, type Hash } from 'node:crypto';
import { mustBeWhole } from './restore-backup.js';
import type { Storage, StorageEntry } from './storage.js';

/** What a backup says of itself at its beginning. */
export interface BackupHead {
  /** Every entry is as it was at this revision. */
  readonly revision: number;
  /** When it was made, RFC 3339. */
  readonly at: string;
}

/**
 * A snapshot of a store as bytes: lines of JSON, with the bytes of a value behind the line that has its length.
 *
 *     {"format":"kubewright-backup","version":1,"revision":812,"at":"2026-11-28T20:00:00.000Z"}
 *     {"key":"/registry/pods/default/web","revision":640,"bytes":3480}
 *     …
 *     {"entries":1200,"sha256":"…"}
 *
 * The last line has the checksum of everything before it; a backup without it is not whole. All entries are of one
 * revision, however long it takes, and nothing of the store is held meanwhile.
 * @throws ApiError Expired where the store has forgotten that revision before all was read; Error where a restore into
 * the store has not come to its end
 */
export async function* writeBackup(storage: Storage, at: Date): AsyncGenerator<Buffer> {
  await mustBeWhole(storage);
  const sha256 = createHash('sha256');
  let entries = 0;
  let page = await storage.list(root, { limit: pageEntries });
  const { revision } = page;
  const head = { format, version, revision, at: at.toISOString() };
  yield hashed(sha256, Buffer.from(`${JSON.stringify(head)}\n`));
  for (;;) {
    const kept = page.entries.filter(({ key }) => !ofServers(key));
    entries += kept.length;
    yield hashed(sha256, Buffer.concat(kept.flatMap(entryBytes)));
    const startAfter = page.entries.at(-1)?.key;
    if (!page.more || startAfter === undefined) break;
    page = await storage.list(root, { limit: pageEntries, startAfter, revision });
  }
  yield Buffer.from(`${JSON.stringify({ entries, sha256: sha256.digest('hex') })}\n`);
}

/** A backup that is read: its head, and its entries as they come. */
export interface ReadBackup {
  readonly head: BackupHead;
  /** Throws, at its end at the latest, where the backup is not whole. */
  readonly entries: AsyncIterable<StorageEntry>;
}

/** @throws Error in one sentence where it is no backup, or one of a newer version */
export async function readBackup(source: AsyncIterable<Uint8Array>): Promise<ReadBackup> {
  const reader = new ByteReader(source);
  const head = parseLine(await reader.line(), notABackup) as Partial<BackupHead> & {
    format?: string;
    version?: number;
  };
  if (head.format !== format || head.revision === undefined || head.at === undefined) throw notABackup();
  if ((head.version ?? 0) > version)
    throw new Error(`was made by a newer version of Kubewright (format ${head.version})`);
  return { head: { revision: head.revision, at: head.at }, entries: entriesOf(reader) };
}

const format = 'kubewright-backup';
const version = 1;
const pageEntries = 500;
/** What all keys begin with. Others may have keys of their own in an etcd. */
const root = '/registry/';

/** What servers say of themselves while they live is nothing to restore. */
function ofServers(key: string): boolean {
  return key.startsWith('/registry/masterleases/');
}

function entryBytes({ key, revision, value }: StorageEntry): Buffer[] {
  const line = `${JSON.stringify({ key, revision, bytes: value.length })}\n`;
  return [Buffer.from(line), value, lineBreak];
}

const lineBreak = Buffer.from('\n');

function hashed(hash: Hash, bytes: Buffer): Buffer {
  hash.update(bytes);
  return bytes;
}

async function* entriesOf(reader: ByteReader): AsyncGenerator<StorageEntry> {
  for (let count = 0; ; count++) {
    const before = reader.digest();
    const line = parseLine(await reader.line()) as {
      key?: string;
      revision?: number;
      bytes?: number;
      entries?: number;
      sha256?: string;
    };
    if (line.sha256 !== undefined) {
      if (line.sha256 !== before() || line.entries !== count) throw notWhole();
      return;
    }
    const { key, revision, bytes } = line;
    if (key === undefined || revision === undefined || bytes === undefined) throw notWhole();
    const value = await reader.bytes(bytes);
    if ((await reader.line()).length > 0) throw notWhole();
    yield { key, revision, value };
  }
}

function parseLine(line: Buffer, fault = notWhole): object {
  let value: unknown;
  try {
    value = JSON.parse(line.toString());
  } catch {
    throw fault();
  }
  if (typeof value !== 'object' || value === null) throw fault();
  return value;
}

function notABackup(): Error {
  return new Error('is no backup of Kubewright');
}

function notWhole(): Error {
  return new Error('the backup is damaged or cut off');
}

/** Lines and counted bytes out of chunks, with the checksum of all that was taken. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #hash = createHash('sha256');
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Without its break. @throws Error where the source ends in it */
  async line(): Promise<Buffer> {
    let end = this.#held.indexOf(10);
    while (end < 0) {
      const searched = this.#held.length;
      await this.#more();
      end = this.#held.indexOf(10, searched);
    }
    return this.#take(end + 1).subarray(0, end);
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#held.length < count) await this.#more();
    return Buffer.from(this.#take(count));
  }

  /** The checksum of what was taken until now, made when it is asked for. */
  digest(): () => string {
    const hash = this.#hash.copy();
    return () => hash.digest('hex');
  }

  async #more(): Promise<void> {
    const chunk = await this.#chunks.next();
    if (chunk.done) throw notWhole();
    this.#held = Buffer.concat([this.#held, chunk.value]);
  }

  #take(count: number): Buffer {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    this.#hash.update(taken);
    return taken;
  }
}
