import { constants, createDeflate, createInflate, type Deflate } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { HeaderReader, HeaderWriter, spdyDictionary } from './header-block.js';

function block(headers: Record<string, string>): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const count = Buffer.alloc(4);
  count.writeUInt32BE(Object.keys(headers).length);
  return Buffer.concat([
    count,
    ...Object.entries(headers).flatMap(([name, value]) => [text(name), text(value)]),
  ]);
}

/** Compresses as a client does: one context a connection, flushed after each block. */
function compress(deflate: Deflate, data: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const take = (piece: Buffer) => pieces.push(piece);
    deflate.on('data', take);
    deflate.write(data);
    deflate.flush(constants.Z_SYNC_FLUSH, () => {
      deflate.off('data', take);
      resolve(Buffer.concat(pieces));
    });
  });
}

describe('header blocks', () => {
  it('reads what clients compress, block after block', async () => {
    const deflate = createDeflate({ dictionary: spdyDictionary });
    const reader = new HeaderReader();
    const first = { streamtype: 'error', port: '8080', requestid: '0' };
    const second = { streamtype: 'data', port: '8080', requestid: '0' };
    expect(await reader.read(await compress(deflate, block(first)))).toEqual(first);
    expect(await reader.read(await compress(deflate, block(second)))).toEqual(second);
    await expect(reader.read(Buffer.from('no block'))).rejects.toThrow();
  });

  it('writes what any inflater reads', async () => {
    const writer = new HeaderWriter();
    const inflate = createInflate({ dictionary: spdyDictionary });
    const pieces: Buffer[] = [];
    inflate.on('data', (piece: Buffer) => pieces.push(piece));
    for (const headers of [{ a: 'b' }, {}])
      await new Promise((resolve) => inflate.write(writer.write(headers), resolve));
    expect(Buffer.concat(pieces)).toEqual(Buffer.concat([block({ a: 'b' }), block({})]));
  });
});
