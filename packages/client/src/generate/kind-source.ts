import type { Schema } from '@kubewright/api';
import type { KindData } from './generate-modules.js';

/** Kinds and the definitions that they reach, as far as the source has them. */
export interface KindSource {
  readonly kinds: readonly KindData[];
  readonly definitions: Readonly<Record<string, Schema>>;
}

/** What every object's metadata refers to. */
export const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

export const listMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';

/** The name of a custom kind's definition, as kube-apiserver publishes it: the group's parts turned round. */
export function definitionName(group: string, version: string, kind: string): string {
  return [...group.split('.').reverse(), version, kind].join('.');
}

/** In the order in which modules list them, whatever the order in which they were read. */
export function sortedKinds(kinds: Iterable<KindData>): KindData[] {
  const key = ({ group, version, kind }: KindData) => `${group}/${version}/${kind}`;
  return [...kinds].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
