/**
 * What one pass over the bytes of a JSON body says. `plain` bodies hold nothing that `JSON.parse` would get wrong;
 * only others take the exact parser. The pass does not check the grammar: that is left to whoever parses.
 */
export type JsonScan = 'plain' | 'special';

/**
 * Objects with more keys than this keep their hashes in a Set; below it a linear look at the last few is faster, and
 * the work stays linear in the size of the body either way.
 */
const smallObject = 24;

/** More digits than this may be beyond 2^53. */
const safeDigits = 15;

const quote = 0x22;
const backslash = 0x5c;
const slash = 0x2f;
const unicodeEscape = 0x75;
const minus = 0x2d;
const zero = 0x30;

/**
 * Looks for keys that may occur twice in one object, keys with `\u` or `\/`, integers that may be beyond 2^53, numbers
 * with exponents or a zero behind the point, and nesting beyond `maxDepth`. Equal hashes count as equal keys: the exact parser then decides.
 */
export function scanJson(bytes: Uint8Array, maxDepth: number): JsonScan {
  const { length } = bytes;
  /** Hashes of the keys of all open objects, one after the other; what is beyond `keys` is of objects that ended. */
  const hashes: number[] = [];
  let keys = 0;
  /** For each open container, where its keys begin in `hashes`; -1 for an array. */
  const starts: number[] = [];
  const sets: (Set<number> | undefined)[] = [];
  let start = -1;
  let atKey = false;
  let i = 0;
  while (i < length) {
    const byte = bytes[i] as number;
    if (byte === quote) {
      let hash = 0;
      let next = bytes[++i] as number;
      if (atKey) {
        while (next !== quote) {
          if (i >= length) return 'special';
          if (next === backslash) {
            next = bytes[++i] as number;
            // Only these write a character in a second way: keys with other escapes are equal where their bytes are.
            if (next === unicodeEscape || next === slash || i >= length) return 'special';
            hash = (Math.imul(hash, 31) + backslash) | 0;
          }
          hash = (Math.imul(hash, 31) + next) | 0;
          next = bytes[++i] as number;
        }
        const set = sets[starts.length];
        if (set === undefined ? isAmong(hashes, start, keys, hash) : set.has(hash)) return 'special';
        hashes[keys++] = hash;
        set?.add(hash);
        if (set === undefined && keys - start > smallObject)
          sets[starts.length] = new Set(hashes.slice(start, keys));
        atKey = false;
      } else {
        while (next !== quote) {
          if (i >= length) return 'special';
          if (next === backslash) i++;
          next = bytes[++i] as number;
        }
      }
      i++;
    } else if (byte === minus || (byte >= zero && byte <= 0x39)) {
      const end = endOfNumber(bytes, i);
      if (end < 0) return 'special';
      i = end;
    } else {
      if (byte === 0x7b || byte === 0x5b) {
        if (starts.length >= maxDepth) return 'special';
        atKey = byte === 0x7b;
        start = atKey ? keys : -1;
        starts.push(start);
      } else if (byte === 0x7d || byte === 0x5d) {
        if (start >= 0) keys = start;
        sets[starts.length] = undefined;
        starts.pop();
        start = starts.length === 0 ? -1 : (starts[starts.length - 1] as number);
        atKey = false;
      } else if (byte === 0x2c) atKey = start >= 0;
      i++;
    }
  }
  return 'plain';
}

/** From the last one back: what comes twice often comes in a row. */
function isAmong(hashes: readonly number[], start: number, end: number, hash: number): boolean {
  for (let k = end - 1; k >= start; k--) if (hashes[k] === hash) return true;
  return false;
}

/** The index behind a number, or -1 where `JSON.parse` may lose some of it. */
function endOfNumber(bytes: Uint8Array, from: number): number {
  let digits = 0;
  let isInteger = true;
  for (let i = from; ; i++) {
    const byte = bytes[i];
    if (byte !== undefined && byte >= zero && byte <= 0x39) digits++;
    else if (byte === 0x2e) isInteger = false;
    else if (byte === 0x65 || byte === 0x45) return -1;
    else if (byte !== minus) {
      if (isInteger) return digits > safeDigits ? -1 : i;
      return bytes[i - 1] === zero ? -1 : i;
    }
  }
}
