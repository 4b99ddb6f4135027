import { X509Certificate } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigMap } from '@kubewright/api/core/v1';
import { createAuthority, PkiDirectory } from '@kubewright/apiserver';
import { Client, loadConnection } from '@kubewright/client';
import { expect, it, vi } from 'vitest';
import { kubewrightOfEachTest } from '../kubewright-of-each-test.js';

const dayMs = 24 * 60 * 60 * 1000;
const kubewright = kubewrightOfEachTest();
const up = () => kubewright.start(['up', '--no-node']);

/** Whom servers, pods and clients are told to trust, after the fact: certificates in PEM. */
async function told(client: Client) {
  const map = async (namespace: string, name: string) =>
    (await client.resource(ConfigMap).namespace(namespace).get(name)).data ?? {};
  const root = await vi.waitFor(() => map('default', 'kube-root-ca.crt'), { timeout: 10_000 });
  const servers = await map('kube-system', 'extension-apiserver-authentication');
  return [root['ca.crt'], servers['client-ca-file']];
}

it('a CA that ends in a year is followed by another, and who trusted both notices nothing', async () => {
  const pkiPath = join(kubewright.directory, 'data', 'pki');
  await mkdir(pkiPath, { recursive: true, mode: 0o700 });
  const old = await createAuthority('kubewright', Date.now() - (3_650 - 390) * dayMs);
  await writeFile(join(pkiPath, 'ca.key'), old.key, { mode: 0o600 });
  await writeFile(join(pkiPath, 'ca.crt'), old.certificate, { mode: 0o600 });

  const first = await up();
  const before = join(kubewright.directory, 'kubeconfig-of-before');
  await copyFile(first.kubeconfig, before);
  const { ca = '' } = await loadConnection({ path: before });
  expect(ca.startsWith(old.certificate)).toBe(true);
  expect(ca.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  const client = await Client.fromKubeconfig({ path: before });
  expect(await told(client)).toEqual([ca, ca]);
  await client.close();
  expect(await first.end('SIGTERM')).toBe(0);

  // A month later.
  const pki = await PkiDirectory.open(pkiPath);
  await pki.rotate(Date.now() + 31 * dayMs);
  expect(pki.authority.certificate).toBe(ca.slice(old.certificate.length));
  const second = await up();
  const serving = new X509Certificate(await readFile(join(pkiPath, 'apiserver.crt')));
  expect(serving.verify(new X509Certificate(pki.authority.certificate).publicKey)).toBe(true);
  const { server } = await loadConnection({ path: second.kubeconfig });
  for (const path of [before, second.kubeconfig]) {
    const each = await Client.fromConnection({ ...(await loadConnection({ path })), server });
    await vi.waitFor(async () => expect(await told(each)).toEqual([pki.trusted, pki.trusted]));
    await each.close();
  }
  expect((await loadConnection({ path: second.kubeconfig })).ca).toBe(pki.trusted);
}, 60_000);
