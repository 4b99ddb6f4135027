import type { KubernetesObject } from '@kubewright/api';

/**
 * The class that an annotation marks as the default; where several are marked the newest one, then the first by name.
 * Source: `GetDefaultClass` of the storage helpers, and its twin for ingress classes.
 */
export function defaultClass<T extends KubernetesObject>(
  classes: readonly T[],
  annotations: readonly string[],
): T | undefined {
  let best: T | undefined;
  for (const one of classes) {
    if (!annotations.some((annotation) => one.metadata.annotations?.[annotation] === 'true')) continue;
    if (best === undefined || isBefore(one, best)) best = one;
  }
  return best;
}

function isBefore({ metadata: a }: KubernetesObject, { metadata: b }: KubernetesObject): boolean {
  const [ours, theirs] = [a.creationTimestamp ?? '', b.creationTimestamp ?? ''];
  return ours === theirs ? (a.name ?? '') < (b.name ?? '') : ours > theirs;
}
