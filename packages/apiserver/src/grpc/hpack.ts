import { decodeHuffman } from './huffman.js';

/** Header fields as they stand in a block: lower-case names, in order. */
export type HeaderFields = readonly (readonly [name: string, value: string])[];

/** A block of header fields, spelled out: it means the same wherever it is sent. Source: RFC 7541. */
export function encodeHeaders(fields: HeaderFields): Buffer {
  const bytes: number[] = [];
  for (const [name, value] of fields) {
    // A secret must not go into the tables of whoever passes it on.
    bytes.push(name === 'token' ? neverIndexed : notIndexed);
    writeString(bytes, name);
    writeString(bytes, value);
  }
  return Buffer.from(bytes);
}

/**
 * Reads blocks of a peer that was told to keep no table (SETTINGS_HEADER_TABLE_SIZE 0), so that each means the same
 * always, and those that come again and again need not be read again.
 */
export class HeaderDecoder {
  readonly #known: { readonly block: Buffer; readonly headers: ReadonlyMap<string, string> }[] = [];

  /** @throws RangeError where it makes no sense */
  decode(block: Buffer): ReadonlyMap<string, string> {
    for (const known of this.#known) if (known.block.equals(block)) return known.headers;
    const headers = decodeHeaders(block);
    if (this.#known.length === mostKnown) this.#known.shift();
    this.#known.push({ block: Buffer.from(block), headers });
    return headers;
  }
}

const mostKnown = 4;
const notIndexed = 0x00;
const neverIndexed = 0x10;

function decodeHeaders(block: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  const reader = { bytes: block, at: 0 };
  while (reader.at < block.length) {
    const first = block[reader.at] ?? 0;
    if (first >= 0x80) {
      const [name, value] = tableField(readInteger(reader, 7));
      headers.set(name, value);
    } else if (first >= 0x20 && first < 0x40) {
      // The size of a table that there is not.
      readInteger(reader, 5);
    } else {
      const index = readInteger(reader, first >= 0x40 ? 6 : 4);
      const name = index === 0 ? readString(reader) : tableField(index)[0];
      headers.set(name, readString(reader));
    }
  }
  return headers;
}

interface Reader {
  readonly bytes: Buffer;
  at: number;
}

function readByte(reader: Reader): number {
  const byte = reader.bytes[reader.at++];
  if (byte === undefined) throw new RangeError('a block of headers is cut off');
  return byte;
}

function readInteger(reader: Reader, prefixBits: number): number {
  const most = (1 << prefixBits) - 1;
  let value = readByte(reader) & most;
  if (value < most) return value;
  for (let shift = 0; ; shift += 7) {
    if (shift > 21) throw new RangeError('a number in a block of headers is too large');
    const byte = readByte(reader);
    value += (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

function readString(reader: Reader): string {
  const huffman = (reader.bytes[reader.at] ?? 0) >= 0x80;
  const length = readInteger(reader, 7);
  const bytes = reader.bytes.subarray(reader.at, reader.at + length);
  if (bytes.length < length) throw new RangeError('a block of headers is cut off');
  reader.at += length;
  return huffman ? decodeHuffman(bytes) : bytes.toString('latin1');
}

function writeString(bytes: number[], text: string): void {
  const encoded = Buffer.from(text, 'latin1');
  let { length } = encoded;
  if (length < 0x7f) bytes.push(length);
  else {
    bytes.push(0x7f);
    for (length -= 0x7f; length >= 0x80; length >>>= 7) bytes.push((length & 0x7f) | 0x80);
    bytes.push(length);
  }
  bytes.push(...encoded);
}

function tableField(index: number): HeaderFields[number] {
  const field = staticTable[index - 1];
  if (field === undefined) throw new RangeError('a header refers to a table that there is not');
  return field;
}

const named = (names: string) => names.split(' ').map((name) => [name, ''] as const);

/** Source: RFC 7541, Appendix A. */
const staticTable: HeaderFields = [
  ...[[':authority', ''] as const, [':method', 'GET'] as const, [':method', 'POST'] as const],
  ...[[':path', '/'] as const, [':path', '/index.html'] as const],
  ...[[':scheme', 'http'] as const, [':scheme', 'https'] as const],
  ...['200', '204', '206', '304', '400', '404', '500'].map((status) => [':status', status] as const),
  ...[['accept-charset', ''] as const, ['accept-encoding', 'gzip, deflate'] as const],
  ...named('accept-language accept-ranges accept access-control-allow-origin age allow authorization'),
  ...named('cache-control content-disposition content-encoding content-language content-length'),
  ...named('content-location content-range content-type cookie date etag expect expires from host if-match'),
  ...named('if-modified-since if-none-match if-range if-unmodified-since last-modified link location'),
  ...named('max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server'),
  ...named('set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate'),
];
