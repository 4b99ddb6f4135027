import type { PkiDirectory } from '@kubewright/apiserver';
import type { ClusterMaterial } from './cluster-material.js';
import { copySharedPki } from './shared-pki.js';

/**
 * How the authorities of a server are renewed when it is time: by itself, in the directory that several servers share,
 * or, over etcd, for the whole cluster.
 */
export function authorityRenewal(of: {
  readonly pki: PkiDirectory;
  readonly frontProxies: PkiDirectory;
  readonly cluster: ClusterMaterial | undefined;
  /** Where {@link pki} lies. */
  readonly directory: string;
  readonly shared: string | undefined;
}): () => Promise<void> {
  const { pki, frontProxies, cluster, directory, shared } = of;
  return async () => {
    if (cluster !== undefined) {
      await cluster.renewAuthorities();
      await Promise.all([pki.reload(), frontProxies.reload()]);
      return;
    }
    if (shared === undefined) await pki.rotate();
    else {
      await copySharedPki(shared, directory);
      await pki.reload();
    }
    await frontProxies.rotate();
  };
}
