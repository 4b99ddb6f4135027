import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PkiDirectory } from '@kubewright/apiserver';
import { renderKubeconfig } from '@kubewright/client';
import type { FrontServer } from '../../aggregation-suite.js';
import { startEtcd } from '../../etcd-process.js';
import { freePort, startKubeApiserver } from './kube-apiserver.js';

/** A kube-apiserver with what it needs to have other servers behind it. */
export async function startFrontKubeApiserver(): Promise<FrontServer> {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-front-'));
  const file = (name: string) => join(directory, name);
  const pki = await PkiDirectory.open(file('front-proxy'));
  const proxyName = 'front-proxy-client';
  const proxy = await pki.client(proxyName, { user: proxyName, groups: [] });
  await Promise.all([
    writeFile(file('requestheader.crt'), pki.authority.certificate),
    writeFile(file('proxy.crt'), proxy.certificate),
    writeFile(file('proxy.key'), proxy.key),
  ]);
  const port = await freePort();
  const etcd = await startEtcd();
  const removeAll = async () => {
    await etcd.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const moreFlags = {
      'disable-admission-plugins': 'ServiceAccount',
      'requestheader-client-ca-file': file('requestheader.crt'),
      'requestheader-allowed-names': proxyName,
      'requestheader-username-headers': 'X-Remote-User',
      'requestheader-uid-headers': 'X-Remote-Uid',
      'requestheader-group-headers': 'X-Remote-Group',
      'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'proxy-client-cert-file': file('proxy.crt'),
      'proxy-client-key-file': file('proxy.key'),
    };
    const { client, tls, close } = await startKubeApiserver(etcd, { directory, port, moreFlags });
    const kubeconfig = file('kubeconfig');
    const connection = { ca: tls.ca, clientCertificate: tls.cert, clientKey: tls.key };
    await writeFile(
      kubeconfig,
      renderKubeconfig({ name: 'real', server: `https://127.0.0.1:${port}`, ...connection }),
    );
    const closeAll = async () => {
      await close();
      await removeAll();
    };
    return { kubeconfig, port, tls, client, close: closeAll };
  } catch (error) {
    await removeAll();
    throw error;
  }
}
