import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { PkiDirectory } from '@kubewright/apiserver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

const maps = '/api/v1/namespaces/default/configmaps';
const protobuf = 'application/vnd.kubernetes.protobuf';
let server: TlsServer;

beforeAll(async () => {
  server = await startTlsServer();
  for (let n = 0; n < 12; n++) {
    const body = { metadata: { name: `large-${n}` }, data: { text: `${n} `.repeat(40_000) } };
    await server.send({ method: 'POST', path: maps, body });
  }
});
afterAll(() => server.close());

describe('gzip', () => {
  const headers = { 'accept-encoding': 'gzip' };

  it.each(['application/json', 'application/yaml', protobuf])('of a long list as %s', async (accept) => {
    const plain = await server.send({ path: maps, headers: { accept } });
    const packed = await server.send({ path: maps, headers: { ...headers, accept } });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': accept });
    expect(packed.headers.vary).toContain('Accept-Encoding');
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 10);
    expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
  });

  it('of one large object, and not of a small one', async () => {
    const large = { metadata: { name: 'one' }, data: { text: 'x'.repeat(200_000) } };
    const made = await server.send({ method: 'POST', path: maps, body: large, headers });
    expect(made.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(made.bytes).toString()).data).toEqual(large.data);
    const small = await server.send({ path: '/api/v1/namespaces/default', headers });
    expect(small.headers['content-encoding']).toBeUndefined();
  });

  it('never of a watch', async () => {
    const watch = await server.open({ path: `${maps}?watch=true`, headers });
    expect(watch.headers['content-encoding']).toBeUndefined();
    const [first] = (await once(watch, 'data')) as [Buffer];
    expect(first.subarray(0, 15).toString()).toBe('{"type":"ADDED"');
    watch.destroy();
  });
});

describe('curl', () => {
  const curl = async (...args: string[]): Promise<string> => {
    const pki = await PkiDirectory.open(join(server.directory, 'pki'));
    const admin = await pki.client('curl', { user: 'curl', groups: ['system:masters'] });
    const file = (name: string) => join(server.directory, name);
    await writeFile(file('curl-ca.pem'), server.ca);
    await writeFile(file('curl.pem'), admin.certificate);
    await writeFile(file('curl-key.pem'), admin.key);
    const identity = [
      '--cacert',
      file('curl-ca.pem'),
      '--cert',
      file('curl.pem'),
      '--key',
      file('curl-key.pem'),
    ];
    const { stdout } = await promisify(execFile)('curl', ['--silent', ...identity, ...args], {
      maxBuffer: 1 << 26,
    });
    return stdout;
  };
  const url = (path: string) => `https://127.0.0.1:${server.port}${path}`;

  it('gets a line for each member, unless it asks otherwise', async () => {
    const text = await curl(url('/api/v1/namespaces/default'));
    expect(text).toBe(JSON.stringify(JSON.parse(text), null, 2));
    expect(await curl(url('/api/v1/namespaces/default?pretty=false'))).not.toContain('\n  ');
    const list = await curl(url('/api/v1/namespaces'));
    expect(list).toBe(JSON.stringify(JSON.parse(list), null, 2));
  });

  it('sees the same over HTTP/1.1 and HTTP/2, packed and not', async () => {
    const plain = await curl('--http1.1', url(maps));
    expect(await curl('--http2', url(maps))).toBe(plain);
    expect(await curl('--http2', '--compressed', url(maps))).toBe(plain);
    expect(await curl('--http1.1', '--compressed', url(maps))).toBe(plain);
  });
});
