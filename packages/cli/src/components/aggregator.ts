import { join } from 'node:path';
import { type AggregatorOptions, PkiDirectory } from '@kubewright/apiserver';

/**
 * How the server of a data directory is known to the servers behind it: by a certificate of a CA that signs front
 * proxies only, so that no user's certificate passes for one.
 */
export async function aggregatorOptions(pkiDirectory: string, clientCA: string): Promise<AggregatorOptions> {
  const pki = await PkiDirectory.open(join(pkiDirectory, 'front-proxy'));
  const proxyClient = await pki.client('front-proxy-client', { user: 'front-proxy-client', groups: [] });
  return { proxyClient, requestHeaderCA: pki.authority.certificate, clientCA };
}
