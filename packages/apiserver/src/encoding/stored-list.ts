import { itemLength, writeItem } from './object-bytes.js';

/** The first piece is small, as most lists are. */
const firstPiece = 32 * 1024;
const laterPiece = 256 * 1024;
const closing = Buffer.from(']}\n');
const comma = 0x2c;

/**
 * A list of objects that are served as they are stored, in pieces of JSON: each item is copied once, to where it goes
 * out from. `head` is JSON and says all but the items, which say their kind themselves where `namesItems` is true.
 */
export function* storedList(
  head: string,
  entries: Iterable<{ readonly bytes: Buffer; readonly revision: number }>,
  namesItems = false,
): Generator<Uint8Array> {
  const opening = Buffer.from(`${head.slice(0, -1)},"items":[`);
  let piece = Buffer.allocUnsafe(Math.max(firstPiece, opening.length));
  let used = opening.copy(piece);
  let isFirst = true;
  for (const { bytes, revision } of entries) {
    const length = itemLength(bytes, revision) + 1;
    if (used + length > piece.length) {
      yield piece.subarray(0, used);
      piece = Buffer.allocUnsafeSlow(Math.max(laterPiece, length));
      used = 0;
    }
    if (!isFirst) piece[used++] = comma;
    isFirst = false;
    used = writeItem(piece, used, { bytes, revision, named: namesItems });
  }
  if (used + closing.length > piece.length) {
    yield piece.subarray(0, used);
    yield closing;
    return;
  }
  used += closing.copy(piece, used);
  yield piece.subarray(0, used);
}
