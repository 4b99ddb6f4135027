import type { Volume, VolumeProjection } from '@kubewright/api/core/v1';

interface MountedPath {
  readonly path: string;
  /** Empty where the whole volume has one source. */
  readonly source: string;
}

/** Files of a volume that stand at, below or above each other. Source: `warningsForOverlappingVirtualPaths`. */
export function overlapWarnings(volumes: readonly Volume[]): string[] {
  return volumes.flatMap(({ name, configMap, secret, downwardAPI, projected }) => {
    const warn = (what: string, paths: readonly MountedPath[]) =>
      collisions(paths).map(
        (collision) => `volume ${JSON.stringify(name)} (${what}): overlapping paths: ${collision}`,
      );
    const warnings: string[] = [];
    if (configMap?.items !== undefined)
      warnings.push(
        ...warn(`ConfigMap ${JSON.stringify(configMap.name ?? '')}`, pathsOf(configMap.items, '')),
      );
    if (secret?.items !== undefined)
      warnings.push(...warn(`Secret ${JSON.stringify(secret.secretName ?? '')}`, pathsOf(secret.items, '')));
    if (downwardAPI?.items !== undefined)
      warnings.push(...warn('DownwardAPI', pathsOf(downwardAPI.items, '')));
    const sources = projected?.sources ?? [];
    for (const source of sources)
      if (Object.values(source).every((value) => value === undefined))
        warnings.push(`volume ${JSON.stringify(name)} (Projected) has no sources provided`);
    warnings.push(...warn('Projected', sources.flatMap(projectedPaths)));
    return warnings;
  });
}

function pathsOf(items: readonly { path: string }[], source: string): MountedPath[] {
  return items.map(({ path }) => ({ path, source }));
}

function projectedPaths(projection: VolumeProjection): MountedPath[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } =
    projection;
  if (configMap?.items !== undefined)
    return pathsOf(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? '')}`);
  if (secret?.items !== undefined)
    return pathsOf(secret.items, `Secret ${JSON.stringify(secret.name ?? '')}`);
  if (downwardAPI?.items !== undefined) return pathsOf(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken !== undefined)
    return [{ path: serviceAccountToken.path, source: 'ServiceAccountToken' }];
  if (clusterTrustBundle !== undefined) {
    const name = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '';
    return [{ path: clusterTrustBundle.path, source: `ClusterTrustBundle ${JSON.stringify(name)}` }];
  }
  return [
    { path: podCertificate?.certificateChainPath ?? '', source: 'PodCertificate chain' },
    { path: podCertificate?.keyPath ?? '', source: 'PodCertificate key' },
    { path: podCertificate?.credentialBundlePath ?? '', source: 'PodCertificate credential bundle' },
  ].filter(({ path }) => path !== '');
}

function collisions(paths: readonly MountedPath[]): string[] {
  const before: MountedPath[] = [];
  return paths.flatMap((one) => {
    const path = { ...one, path: one.path.replace(/\/+$/, '') };
    const hits = path.path === '' ? [] : before.filter((other) => overlaps(path, other));
    before.push(path);
    return hits.map((other) => `${shown(path)} with ${shown(other)}`);
  });
}

function overlaps({ path }: MountedPath, { path: other }: MountedPath): boolean {
  return other !== '' && (`${other}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${other}/`));
}

function shown({ path, source }: MountedPath): string {
  return source === '' ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`;
}
