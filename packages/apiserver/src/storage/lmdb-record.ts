/**
 * One change as the LMDB engine keeps it under its revision. The index maps each key to the newest such revision, and
 * each record names the one before it, so that older states are found by walking back, and each value is on disk once.
 */
export interface Record {
  readonly key: string;
  /** Undefined: the key was deleted. A view into the record's bytes. */
  readonly value: Buffer | undefined;
  /** The revision of the key's change before this one; 0 where there is none, or none that still matters. */
  readonly previous: number;
}

/** type (1 byte), previous (double), length of the key (2 bytes), key, value */
const previousAt = 1;
const keyLengthAt = 9;
const keyAt = 11;
const isPut = 1;

/** @param allocate gives the record its place */
export function encodeRecord(
  { key, value, previous }: { key: string; value: Uint8Array | undefined; previous: number },
  allocate: (size: number) => Buffer,
): Buffer {
  const keyLength = Buffer.byteLength(key);
  const record = allocate(keyAt + keyLength + (value?.length ?? 0));
  record[0] = value === undefined ? 0 : isPut;
  record.writeDoubleBE(previous, previousAt);
  record.writeUInt16BE(keyLength, keyLengthAt);
  record.write(key, keyAt);
  if (value !== undefined) record.set(value, keyAt + keyLength);
  return record;
}

export function decodeRecord(record: Buffer): Record {
  return { key: keyIn(record), value: valueIn(record), previous: previousIn(record) };
}

/** The key alone. */
export function keyIn(record: Buffer): string {
  return record.toString('utf8', keyAt, keyAt + record.readUInt16BE(keyLengthAt));
}

/** A view of the value alone; undefined where the record is a deletion. */
function valueIn(record: Buffer): Buffer | undefined {
  return isDeletion(record) ? undefined : record.subarray(keyAt + record.readUInt16BE(keyLengthAt));
}

/**
 * A copy of the value alone; undefined where the record is a deletion.
 * @param allocate gives the copy its place
 */
export function copyValue(record: Buffer, allocate: (size: number) => Buffer): Buffer | undefined {
  if (isDeletion(record)) return undefined;
  const start = keyAt + record.readUInt16BE(keyLengthAt);
  const value = allocate(record.length - start);
  // A record that LMDB lends lies in a larger buffer: only `length` says where it ends.
  record.copy(value, 0, start, record.length);
  return value;
}

export function isDeletion(record: Buffer): boolean {
  return record[0] !== isPut;
}

/** The revision of the change before, alone. */
export function previousIn(record: Buffer): number {
  return record.readDoubleBE(previousAt);
}
