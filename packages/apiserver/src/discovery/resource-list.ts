import { createHash } from 'node:crypto';
import type { DiscoveredKind } from './discovered-kind.js';

/** An entry of an APIResourceList: a resource (`pods`) or a subresource (`pods/log`). */
export interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  /** Group and version only where they are not those of the list. */
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

/** The APIResourceList of one group and version, sorted by name. */
export function apiResourceList(groupVersion: string, kinds: readonly DiscoveredKind[]): object {
  return {
    kind: 'APIResourceList',
    ...(groupVersion.includes('/') ? { apiVersion: 'v1' } : {}),
    groupVersion,
    resources: apiResources(kinds),
  };
}

/** The resources and subresources of the kinds of one group and version, sorted by name. */
export function apiResources(kinds: readonly DiscoveredKind[]): ApiResource[] {
  return kinds
    .flatMap((kind) => [resource(kind), ...subresources(kind)])
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function resource(kind: DiscoveredKind): ApiResource {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.scope === 'Namespaced',
    kind: kind.kind,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    // What can be got is stored; reviews and bindings are not.
    ...(kind.verbs.includes('get') ? { storageVersionHash: storageVersionHash(kind) } : {}),
  };
}

function subresources(kind: DiscoveredKind): ApiResource[] {
  return Object.entries(kind.subresources).map(([name, { group, version, kind: spoken, verbs }]) => ({
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced: kind.scope === 'Namespaced',
    ...(group === kind.group && version === kind.version ? {} : { group, version }),
    kind: spoken,
    verbs,
  }));
}

/** Changes when another version of the kind is stored; upstream's formula. */
function storageVersionHash({ group, version, kind, storedAs }: DiscoveredKind): string {
  const stored = `${storedAs?.group ?? group}/${storedAs?.version ?? version}/${kind}`;
  return createHash('sha256').update(stored).digest().subarray(0, 8).toString('base64');
}
