import { createServer } from 'node:http2';
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeHeaders, HeaderDecoder } from './hpack.js';
import { Http2Connection } from './http2-connection.js';
import { decodeHuffman } from './huffman.js';

test('what is written is read', () => {
  const long = 'x'.repeat(1000);
  const block = encodeHeaders([
    [':path', '/a'],
    ['token', long],
    ['x-empty', ''],
  ]);
  expect([...new HeaderDecoder().decode(block)]).toEqual([
    [':path', '/a'],
    ['token', long],
    ['x-empty', ''],
  ]);
});

// Source: RFC 7541, C.4 and C.6.
test.each([
  [
    '828684418cf1e3c2e5f23a6ba0ab90f4ff',
    { ':method': 'GET', ':scheme': 'http', ':path': '/', ':authority': 'www.example.com' },
  ],
  [
    '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
    {
      ':status': '302',
      'cache-control': 'private',
      date: 'Mon, 21 Oct 2013 20:13:21 GMT',
      location: 'https://www.example.com',
    },
  ],
])('the example %s', (hex, headers) => {
  expect(Object.fromEntries(new HeaderDecoder().decode(Buffer.from(hex, 'hex')))).toEqual(headers);
});

test.each([
  ['an index beyond the table', 'be'],
  ['a string that is cut off', '0005616263'],
  ['a number without an end', '00ffffffffffff'],
  ['a Huffman code that is none', '0084ffffffff00'],
])('%s is refused', (_, hex) => {
  expect(() => new HeaderDecoder().decode(Buffer.from(hex, 'hex'))).toThrow(RangeError);
});

test('padding of a Huffman code is ones, and less than a byte', () => {
  expect(decodeHuffman(Buffer.of(0x07))).toBe('0');
  expect(() => decodeHuffman(Buffer.of(0x00))).toThrow('ends within');
  expect(() => decodeHuffman(Buffer.of(0x07, 0xff))).toThrow('ends within');
});

test('headers that another implementation writes are read, whatever is in them', async () => {
  let values: readonly string[] = [];
  const server = createServer();
  server.on('stream', (stream) => {
    stream.respond(Object.fromEntries(values.map((value, index) => [`x-${index}`, value])), {
      endStream: true,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connection = await new Promise<Http2Connection>((resolve, reject) => {
    const made = new Http2Connection(
      connect(port, '127.0.0.1'),
      { afterMs: 60_000, timeoutMs: 60_000 },
      {
        onReady: () => resolve(made),
        onGone: reject,
        onClosed: () => undefined,
      },
    );
  });
  const request = encodeHeaders([
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'a'],
  ]);
  const ask = () =>
    new Promise<ReadonlyMap<string, string>>((resolve, reject) => {
      const listener = { onHeaders: resolve, onData: () => undefined, onFailure: reject };
      connection.open(request, listener).send(Buffer.of(), true);
    });
  const text = fc.string({ unit: fc.constantFrom(...characters), maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (given) => {
      values = given.map((value) => value.trim());
      const headers = await ask();
      expect(values.map((_, index) => headers.get(`x-${index}`))).toEqual(values);
    }),
    { numRuns: 200 },
  );
  connection.close(new Error('done') as never);
  server.close();
});

/** All that Node lets into a header. */
const characters = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((character) =>
  /[\x20-\x7e\x80-\xff]/.test(character),
);
