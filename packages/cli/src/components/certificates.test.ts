import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PkiDirectory } from '@kubewright/apiserver';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listenerCertificates } from './certificates.js';

let directory: string;
let pki: PkiDirectory;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-certificates-'));
  pki = await PkiDirectory.open(join(directory, 'pki'));
});
// The directory makes keys ahead, which may still be written.
afterAll(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

it('says of which option a file is that has no certificate or key, or another key', async () => {
  const [one, other] = await Promise.all(
    ['one', 'other'].map((name) => pki.server(name, name, ['127.0.0.1'])),
  );
  const words = await file('words', 'root:x:0:0\n');
  const tlsCertFile = await file('one.crt', one?.certificate ?? '');
  const tlsPrivateKeyFile = await file('one.key', one?.key ?? '');
  const otherKey = await file('other.key', other?.key ?? '');
  const read = (flags: Parameters<typeof listenerCertificates>[0]) => listenerCertificates(flags, pki, []);

  await expect(read({ tlsCertFile, tlsPrivateKeyFile })).resolves.toMatchObject({ key: one?.key });
  await expect(read({ tlsCertFile: words, tlsPrivateKeyFile })).rejects.toThrow(
    `--tls-cert-file ${words}: has no certificate in PEM`,
  );
  await expect(read({ tlsCertFile, tlsPrivateKeyFile: words })).rejects.toThrow(
    `--tls-private-key-file ${words}: has no private key in PEM`,
  );
  await expect(read({ tlsCertFile, tlsPrivateKeyFile: otherKey })).rejects.toThrow(
    `--tls-private-key-file ${otherKey}: is not the key of ${tlsCertFile}`,
  );
  await expect(read({ clientCaFile: words })).rejects.toThrow(
    `--client-ca-file ${words}: has no certificates in PEM`,
  );
  await expect(read({ requestheaderClientCaFile: join(directory, 'none') })).rejects.toThrow(
    `--requestheader-client-ca-file ${join(directory, 'none')}: no such file or directory`,
  );
});
