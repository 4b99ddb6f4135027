const metadataStart = Buffer.from('"metadata":{');
const quote = 0x22;
const backslash = 0x5c;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/**
 * A stored object's metadata alone, as a PartialObjectMetadata, cut out of the canonical layout: what a pod says
 * besides its metadata is several times as long, and is not parsed.
 * @param apiVersion of the meta.k8s.io group
 */
export function metadataBytes(stored: Buffer, revision: number, apiVersion: string): Buffer {
  const start = stored.indexOf(metadataStart) + metadataStart.length;
  if (start < metadataStart.length) throw new Error('a stored object has no metadata');
  const end = endOfObject(stored, start);
  const separator = end === start + 1 ? '' : ',';
  // What was never stored has no version.
  const version = revision === 0 ? '' : `"resourceVersion":"${revision}"${separator}`;
  const head = `{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":{${version}`;
  const bytes = Buffer.allocUnsafe(head.length + end - start + 1);
  const at = bytes.write(head, 0, 'latin1');
  stored.copy(bytes, at, start, end);
  bytes[bytes.length - 1] = closingBrace;
  return bytes;
}

/** Behind the brace that closes the object whose first member is at `start`. */
function endOfObject(json: Buffer, start: number): number {
  let depth = 1;
  for (let at = start; at < json.length; at++) {
    const byte = json[at];
    if (byte === quote) {
      at++;
      while (json[at] !== quote) at += json[at] === backslash ? 2 : 1;
    } else if (byte === openingBrace) depth++;
    else if (byte === closingBrace) {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  throw new Error('the metadata of a stored object does not end');
}
