import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { deflateSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { proxiedLink, withProxiedLinks } from './proxied-links.js';

const own = '/api/v1/namespaces/a/pods/p/proxy';
const hosts = ['10.0.0.1:8080', 'api.test:6443'];

it.each([
  ['/a/b?c=d#e', `${own}/a/b?c=d#e`],
  ['/', `${own}/`],
  ['http://10.0.0.1:8080/a', `${own}/a`],
  ['https://api.test:6443/a', `${own}/a`],
  ['//10.0.0.1:8080/a', `${own}/a`],
  [`${own}/a`, `${own}/a`],
  ['a/b', 'a/b'],
  ['../a', '../a'],
  ['#top', '#top'],
  ['?page=2', '?page=2'],
  ['https://example.com/a', 'https://example.com/a'],
  ['//example.com/a', '//example.com/a'],
  ['http://[', 'http://['],
  ['mailto:a@example.com', 'mailto:a@example.com'],
  ['javascript:void(0)', 'javascript:void(0)'],
])('a link to %s leads to %s', (link, led) => {
  expect(proxiedLink(link, own, hosts)).toBe(led);
});

const page = (prefix: string) =>
  `<!DOCTYPE html>\n<HTML><head><link rel=icon href=${prefix}/i.png><script src='${prefix}/s.js'>if (a < b) x("/no")</script></head>\n` +
  `<body class="/no"><!-- <a href="/no"> --><A  HREF = "${prefix}/ä?x=1&amp;y=2" title="/no">/no</A><img src="${prefix}/a" alt="/no"/><form action="${prefix}/">&hellip;</form></body></HTML>`;

async function led(bytes: Buffer, encoding = ''): Promise<Buffer | undefined> {
  // In pieces, as it comes over a network.
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) =>
    bytes.subarray(at * 7, (at + 1) * 7),
  );
  const result = await withProxiedLinks(Readable.from(pieces), encoding, { own, hosts });
  return result && buffer(result);
}

it.each([
  ['utf8', 'as it is', '', (bytes: Buffer) => bytes],
  ['latin1', 'as it is', '', (bytes: Buffer) => bytes],
  ['utf8', 'gzip', 'gzip', gzipSync],
  ['utf8', 'deflate', 'deflate', deflateSync],
] as const)('a page in %s, %s, keeps all but its links', async (set, _how, encoding, encode) => {
  const result = await led(Buffer.from(encode(Buffer.from(page(''), set))), encoding);
  expect(result?.toString(set)).toBe(page(own));
});

it('a page in an encoding that is not known stays as it is', async () => {
  expect(await led(Buffer.from(page('')), 'br')).toBeUndefined();
});
