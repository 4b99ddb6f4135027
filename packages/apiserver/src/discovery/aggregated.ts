import type { JsonObject } from '../patch/json-object.js';
import type { DiscoveredKind } from './discovered-kind.js';
import { type ApiResource, apiResources } from './resource-list.js';

export type AggregatedVersion = 'v2' | 'v2beta1';

/** An aggregated form that a client asks for: the version of the document, and how it is written. */
export interface AggregatedForm {
  readonly version: AggregatedVersion;
  readonly type: (typeof types)[number];
}

/** The media type of an aggregated document; clients compare the answer's with it, parameters and all. */
export function aggregatedMediaType({ version, type }: AggregatedForm): string {
  return `${type};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

/** The first aggregated form that an Accept header offers, wherever it stands. */
export function acceptedAggregated(accept: string | undefined): AggregatedForm | undefined {
  for (const range of (accept ?? '').split(',')) {
    const [asked, ...parameters] = range.split(';').map((part) => part.trim().replace(/\s*=\s*/, '='));
    const type = asked === '*/*' ? 'application/json' : types.find((one) => one === asked);
    if (type === undefined) continue;
    const has = (parameter: string) => parameters.includes(parameter);
    if (!has('g=apidiscovery.k8s.io') || !has('as=APIGroupDiscoveryList')) continue;
    if (has('v=v2')) return { version: 'v2', type };
    if (has('v=v2beta1')) return { version: 'v2beta1', type };
  }
  return undefined;
}

const types = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const;

/** A group and its versions, the preferred one first. */
export interface GroupVersions {
  readonly name: string;
  readonly versions: readonly GroupVersion[];
}

export interface GroupVersion {
  readonly version: string;
  readonly kinds: readonly DiscoveredKind[];
  /** True where the server that has it does not answer: these are the kinds that it had. */
  readonly isStale: boolean;
}

/** The APIGroupDiscoveryList of groups: all their versions and resources in one document. */
export function aggregatedDocument(version: AggregatedVersion, groups: readonly GroupVersions[]): JsonObject {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map(({ version: served, kinds, isStale }) => ({
        version: served,
        resources: resources(apiResources(kinds)),
        freshness: isStale ? 'Stale' : 'Current',
      })),
    })),
  };
}

function resources(list: readonly ApiResource[]): object[] {
  return list
    .filter(({ name }) => !name.includes('/'))
    .map((resource) => {
      const subresources = list.filter(({ name }) => name.startsWith(`${resource.name}/`));
      return {
        resource: resource.name,
        responseKind: responseKind(resource),
        scope: resource.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: resource.singularName,
        verbs: resource.verbs,
        ...(resource.shortNames === undefined ? {} : { shortNames: resource.shortNames }),
        ...(resource.categories === undefined ? {} : { categories: resource.categories }),
        ...(subresources.length === 0
          ? {}
          : {
              subresources: subresources.map((one) => ({
                subresource: one.name.slice(resource.name.length + 1),
                responseKind: responseKind(one),
                verbs: one.verbs,
              })),
            }),
      };
    });
}

/** Empty group and version stand for those of the document, as upstream has it. */
function responseKind({ group = '', version = '', kind }: ApiResource): object {
  return { group, version, kind };
}
