import { createInflate, type Inflate } from 'node:zlib';

/** Names and values of a SPDY header block; names in lower case. */
export type SpdyHeaders = Readonly<Record<string, string>>;

const words =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin';
const tail =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

/** What both sides of SPDY/3 prime their compression with. Source: SPDY protocol draft 3.1, section 2.6.10.1. */
export const spdyDictionary: Buffer = Buffer.concat([
  ...words.split(' ').map((word) => pair(word.replace('_', ' '))),
  Buffer.from(tail),
]);

/** Reads the header blocks of one connection, which share one compression context. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: spdyDictionary });
  #output: Buffer[] = [];
  #failure: Error | undefined;

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => this.#output.push(chunk));
    this.#inflate.on('error', (error) => {
      this.#failure = error;
    });
  }

  /** @throws Error for a block that is none */
  async read(block: Buffer): Promise<SpdyHeaders> {
    this.#output = [];
    await new Promise<void>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const onError = (error: Error) => reject(error);
      this.#inflate.once('error', onError);
      this.#inflate.write(block, () => {
        this.#inflate.off('error', onError);
        resolve();
      });
    });
    return parse(Buffer.concat(this.#output));
  }

  close(): void {
    this.#inflate.destroy();
  }
}

/** Writes header blocks uncompressed, as stored blocks of one endless zlib stream: they are few and short. */
export class HeaderWriter {
  #begun = false;

  write(headers: SpdyHeaders): Buffer {
    const entries = Object.entries(headers);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(entries.length);
    const body = Buffer.concat([count, ...entries.flatMap(([name, value]) => [pair(name), pair(value)])]);
    const head = Buffer.alloc(5);
    head.writeUInt16LE(body.length, 1);
    head.writeUInt16LE(~body.length & 0xffff, 3);
    const begin = this.#begun ? Buffer.alloc(0) : Buffer.from([0x78, 0x01]);
    this.#begun = true;
    return Buffer.concat([begin, head, body, flushMarker]);
  }
}

/** An empty stored block: Go's reader hands on what it has decompressed only when it meets one. */
const flushMarker = Buffer.from([0, 0, 0, 0xff, 0xff]);

function pair(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function parse(block: Buffer): SpdyHeaders {
  let at = 0;
  const number = () => {
    const value = block.readUInt32BE(at);
    at += 4;
    return value;
  };
  const text = () => {
    const length = number();
    if (at + length > block.length) throw new RangeError('a SPDY header block ends too early');
    at += length;
    return block.toString('utf8', at - length, at);
  };
  const headers: Record<string, string> = {};
  for (let left = number(); left > 0; left -= 1) {
    const name = text().toLowerCase();
    headers[name] = text();
  }
  return headers;
}
