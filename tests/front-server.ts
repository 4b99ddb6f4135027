import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PkiDirectory } from '@kubewright/apiserver';
import { Client } from '@kubewright/client';
import type { FrontServer } from './aggregation-suite.js';
import { startTlsServer } from './tls-server.js';

/** A Kubewright server with a certificate for front proxies. */
export async function startFrontServer(): Promise<
  FrontServer & { readonly proxyName: string; readonly requestHeaderCA: string }
> {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-front-proxy-'));
  const frontProxy = await PkiDirectory.open(directory);
  const proxyName = 'front-proxy-client';
  const proxyClient = await frontProxy.client(proxyName, { user: proxyName, groups: [] });
  const requestHeaderCA = frontProxy.authority.certificate;
  const main = await startTlsServer({
    authorization: { modes: ['RBAC'] },
    aggregator: { proxyClient, requestHeaderCA, proxyName },
  });
  await main.server.publishAuthorities({ clientCA: main.ca });
  const client = await Client.fromKubeconfig({ path: main.kubeconfig });
  return {
    ...{ kubeconfig: main.kubeconfig, port: main.port, client, proxyName, requestHeaderCA },
    tls: { ca: main.ca, cert: main.admin.certificate, key: main.admin.key },
    close: async () => {
      await client.close();
      await main.close();
      await rm(directory, { recursive: true });
    },
  };
}
