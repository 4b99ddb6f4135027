import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

// The layout of LMDB's pages, little-endian: a header of 24 bytes (page number, transaction, padding, flags, bounds of
// the free space), then offsets of nodes, counted from the header's end. The first two pages are `MDB_meta`.
const headerBytes = 24;
const flagsAt = 18;
const lowerAt = 20;
const metaBytes = 168;
const magicAt = 24;
const magic = 0xbeefc0de;
const pageSizeAt = 48;
/** Where the roots of the free list and of the table of tables are named. */
const rootsAt = [88, 136];
const transactionAt = 152;
const noPage = 0xffff_ffff_ffff;
const isBranch = 1;
const isLeaf = 2;
/** Of a node: its data lies on pages of its own; its data is another tree's description, whose root is at its end. */
const onOwnPages = 1;
const isTree = 2;
const nodeHeaderBytes = 8;
const rootInTree = 40;
/** Deeper than any tree can be. */
const deepest = 32;

/**
 * Looks whether a data file is one of LMDB's and whole: every page of its trees is where it should be, and every value
 * within the file. LMDB maps the file without asking, and a damaged one ends the process with a signal. A file that does
 * not exist yet is fine; an empty one would pass for a new store. Of a store of a million objects this reads some 100 MB.
 * @throws Error that says what is wrong
 */
export function checkDataFile(file: string): void {
  if (!existsSync(file)) return;
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    if (size === 0) throw new Damage('it is empty (without it, an empty store begins here)');
    const first = readMeta(handle, 0);
    const pageSize = first?.readUInt32LE(pageSizeAt) ?? 0;
    const second = pageSize > 0 ? readMeta(handle, pageSize) : undefined;
    if (first === undefined || second === undefined) throw new Damage('it is no LMDB file');
    const newest =
      first.readBigUInt64LE(transactionAt) > second.readBigUInt64LE(transactionAt) ? first : second;
    const pages = new Pages(handle, pageSize, size);
    for (const at of rootsAt) pages.checkTree(newest.readUIntLE(at, 6), 0);
  } catch (error) {
    if (!(error instanceof Damage || error instanceof RangeError)) throw error;
    // A reference that leads out of its page is a damage, too.
    const why = error instanceof Damage ? error.message : 'a page of it makes no sense';
    throw new Error(`the data file ${file} is damaged: ${why}`);
  } finally {
    closeSync(handle);
  }
}

class Damage extends Error {}

class Pages {
  readonly #handle: number;
  readonly #pageSize: number;
  readonly #size: number;
  readonly #levels: Buffer[] = [];

  constructor(handle: number, pageSize: number, size: number) {
    this.#handle = handle;
    this.#pageSize = pageSize;
    this.#size = size;
  }

  checkTree(number: number, depth: number): void {
    if (number === noPage) return;
    const page = this.#read(number, depth);
    const nodes = page.readUInt16LE(lowerAt) >> 1;
    const branch = page.readUInt16LE(flagsAt) & isBranch;
    for (let i = 0; i < nodes; i++) {
      const node = headerBytes + page.readUInt16LE(headerBytes + 2 * i);
      if (branch) this.checkTree(page.readUIntLE(node, 6), depth + 1);
      else this.#checkLeaf(page, node, depth);
    }
  }

  #checkLeaf(page: Buffer, node: number, depth: number): void {
    const flags = page.readUInt16LE(node + 4);
    const data = node + nodeHeaderBytes + page.readUInt16LE(node + 6);
    if (flags & onOwnPages) {
      const end = page.readUIntLE(data, 6) + page.readUIntLE(data + 16, 6);
      if (end * this.#pageSize > this.#size) throw this.#cutOff();
    } else if (flags & isTree) this.checkTree(page.readUIntLE(data + rootInTree, 6), depth + 1);
  }

  #read(number: number, depth: number): Buffer {
    if (depth > deepest) throw new Damage('a page of it makes no sense');
    if ((number + 1) * this.#pageSize > this.#size) throw this.#cutOff();
    this.#levels[depth] ??= Buffer.allocUnsafe(this.#pageSize);
    const page = this.#levels[depth];
    readSync(this.#handle, page, { position: number * this.#pageSize });
    if (page.readUIntLE(0, 6) !== number || !(page.readUInt16LE(flagsAt) & (isBranch | isLeaf)))
      throw new Damage(`its page ${number} is something else`);
    return page;
  }

  #cutOff(): Damage {
    return new Damage(`it is cut off at ${this.#size} bytes`);
  }
}

function readMeta(handle: number, position: number): Buffer | undefined {
  const meta = Buffer.alloc(metaBytes);
  const read = readSync(handle, meta, { position });
  return read === metaBytes && meta.readUInt32LE(magicAt) === magic ? meta : undefined;
}
