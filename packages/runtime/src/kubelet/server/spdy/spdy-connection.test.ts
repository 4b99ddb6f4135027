import { Duplex, PassThrough } from 'node:stream';
import { constants, createDeflate, createInflate, type Deflate } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forwardOverSpdy } from '../port-forward.js';
import { HeaderReader, HeaderWriter, spdyDictionary } from './header-block.js';
import type { SpdyConnection } from './spdy-connection.js';

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

describe('port-forward over SPDY', () => {
  let client: Duplex;
  let connection: SpdyConnection;
  let received: Buffer;
  const deflate = () => createDeflate({ dictionary: spdyDictionary });

  beforeEach(() => {
    const [up, down] = [new PassThrough(), new PassThrough()];
    client = Duplex.from({ readable: down, writable: up });
    const server = Duplex.from({ readable: up, writable: down });
    received = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
    });
    client.on('error', () => undefined);
    connection = forwardOverSpdy(server, async (port) => {
      if (port !== 8080) throw new Error('connection refused');
      const echo = new PassThrough();
      return Duplex.from({ readable: echo, writable: echo });
    });
  });
  afterEach(() => connection.close());

  function frame(first: number, flags: number, body: Buffer): Buffer {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(first);
    head.writeUInt32BE(body.length, 4);
    head[4] = flags;
    return Buffer.concat([head, body]);
  }
  async function open(context: Deflate, id: number, headers: Record<string, string>): Promise<void> {
    const ids = Buffer.alloc(10);
    ids.writeUInt32BE(id);
    client.write(frame(0x80030001, 0, Buffer.concat([ids, await compress(context, block(headers))])));
  }
  /** The data that came on a stream, and whether it has ended. */
  function stream(id: number): { text: string; ended: boolean } {
    let text = '';
    let ended = false;
    for (let at = 0; at + 8 <= received.length; at += 8 + received.readUIntBE(at + 5, 3)) {
      if (received.readUInt32BE(at) !== id) continue;
      text += received.toString('utf8', at + 8, at + 8 + received.readUIntBE(at + 5, 3));
      ended ||= received[at + 4] === 1;
    }
    return { text, ended };
  }
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }

  it('carries bytes both ways, to both ends', async () => {
    const context = deflate();
    await open(context, 1, { streamtype: 'error', port: '8080', requestid: '0' });
    await open(context, 3, { streamtype: 'data', port: '8080', requestid: '0' });
    client.write(frame(3, 0, Buffer.from('hello ')));
    client.write(frame(3, 1, Buffer.from('world')));
    await until(() => stream(3).ended && stream(1).ended);
    expect(stream(3).text).toBe('hello world');
    expect(stream(1).text).toBe('');
  });

  it('tells on the error stream why a port cannot be reached', async () => {
    const context = deflate();
    await open(context, 1, { streamtype: 'error', port: '9', requestid: '0' });
    await open(context, 3, { streamtype: 'data', port: '9', requestid: '0' });
    await until(() => stream(1).ended);
    expect(stream(1).text).toBe('error forwarding port 9 to pod: connection refused');
  });

  it('answers pings, and ends with a frame that is too large', async () => {
    client.write(frame(0x80030006, 0, Buffer.from([0, 0, 0, 7])));
    await until(() => received.includes(Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 7])));
    client.write(Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff]));
    await connection.closed;
  });
});
