import { join } from 'node:path';
import { type AggregatorOptions, PkiDirectory } from '@kubewright/apiserver';

/**
 * How the server of a data directory is known to the servers behind it: by a certificate of a CA that signs front
 * proxies only, so that no user's certificate passes for one.
 */
export async function aggregatorOptions(pki: PkiDirectory): Promise<AggregatorOptions> {
  const proxyName = 'front-proxy-client';
  const proxyClient = await pki.client(proxyName, { user: proxyName, groups: [] });
  return { proxyClient, proxyName, requestHeaderCA: pki.trusted };
}

/** The certificates of front proxies, below those of the server. */
export function openFrontProxyPki(pkiDirectory: string): Promise<PkiDirectory> {
  return PkiDirectory.open(join(pkiDirectory, 'front-proxy'));
}
