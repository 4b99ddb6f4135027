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
    resources: describedKinds(kinds).flatMap((one) => [one.resource, ...one.subresources]),
  };
}

/** A kind with what the documents say of it. */
export interface DescribedKind {
  readonly kind: DiscoveredKind;
  readonly resource: ApiResource;
  readonly subresources: readonly ApiResource[];
}

/** The kinds of one group and version, sorted by name. */
export function describedKinds(kinds: readonly DiscoveredKind[]): DescribedKind[] {
  return kinds
    .map((kind) => ({ kind, resource: resource(kind), subresources: subresources(kind) }))
    .sort((a, b) => compare(a.kind.plural, b.kind.plural));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
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
    // What can be written is stored; reviews, bindings and what is made up for a get are not.
    ...(kind.verbs.includes('update') ? { storageVersionHash: storageVersionHash(kind) } : {}),
  };
}

function subresources(kind: DiscoveredKind): ApiResource[] {
  // Upstream sorts those of built-in kinds alone.
  const names = Object.entries(kind.subresources);
  const ordered = kind.isCustom === true ? names : names.sort(([a], [b]) => compare(a, b));
  return ordered.map(([name, { group, version, kind: spoken, verbs }]) => ({
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
