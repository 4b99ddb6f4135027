import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

// The layout of LMDB's two meta pages (`MDB_meta` behind a page header of 24 bytes), little-endian.
const metaBytes = 168;
const magicAt = 24;
const magic = 0xbeefc0de;
const pageSizeAt = 48;
const rootsAt = [88, 136];
const transactionAt = 152;
const noPage = 0xffff_ffff_ffff_ffffn;

/**
 * Looks whether a data file is one of LMDB's and whole as far as its roots, for LMDB maps it without asking and a
 * damaged one ends the process with a signal. A file that does not exist yet, or is empty, is fine.
 * @throws Error that says what is wrong
 */
export function checkDataFile(file: string): void {
  if (!existsSync(file)) return;
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    if (size === 0) return;
    const first = readMeta(handle, 0);
    const pageSize = first?.readUInt32LE(pageSizeAt) ?? 0;
    const second = pageSize > 0 ? readMeta(handle, pageSize) : undefined;
    if (first === undefined || second === undefined) throw damaged(file, 'it is no LMDB file');
    const newest =
      first.readBigUInt64LE(transactionAt) > second.readBigUInt64LE(transactionAt) ? first : second;
    for (const at of rootsAt) {
      const page = newest.readBigUInt64LE(at);
      if (page !== noPage && (page + 1n) * BigInt(pageSize) > BigInt(size)) {
        throw damaged(file, `it is cut off at ${size} bytes`);
      }
    }
  } finally {
    closeSync(handle);
  }
}

function readMeta(handle: number, position: number): Buffer | undefined {
  const meta = Buffer.alloc(metaBytes);
  const read = readSync(handle, meta, { position });
  return read === metaBytes && meta.readUInt32LE(magicAt) === magic ? meta : undefined;
}

function damaged(file: string, why: string): Error {
  return new Error(`the data file ${file} is damaged: ${why}`);
}
