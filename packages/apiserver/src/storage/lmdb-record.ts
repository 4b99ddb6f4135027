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

export function encodeRecord(key: Buffer, value: Uint8Array | undefined, previous: number): Buffer {
  const record = Buffer.allocUnsafe(keyAt + key.length + (value?.length ?? 0));
  record[0] = value === undefined ? 0 : isPut;
  record.writeDoubleBE(previous, previousAt);
  record.writeUInt16BE(key.length, keyLengthAt);
  key.copy(record, keyAt);
  if (value !== undefined) record.set(value, keyAt + key.length);
  return record;
}

export function decodeRecord(record: Buffer): Record {
  const valueAt = keyAt + record.readUInt16BE(keyLengthAt);
  return {
    key: record.toString('utf8', keyAt, valueAt),
    value: valueIn(record),
    previous: previousIn(record),
  };
}

/** The value alone; undefined where the record is a deletion. */
export function valueIn(record: Buffer): Buffer | undefined {
  return record[0] === isPut ? record.subarray(keyAt + record.readUInt16BE(keyLengthAt)) : undefined;
}

/** The revision of the change before, alone. */
export function previousIn(record: Buffer): number {
  return record.readDoubleBE(previousAt);
}
