import type { DiscoveredKind } from './discovered-kind.js';
import { type ApiResource, apiResources } from './resource-list.js';

export type AggregatedVersion = 'v2' | 'v2beta1';

/** The media type of an aggregated document; clients compare the answer's with it, parameters and all. */
export function aggregatedMediaType(version: AggregatedVersion): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

/** The first aggregated form that an Accept header offers, unless it offers plain JSON before. */
export function acceptedAggregated(accept: string | undefined): AggregatedVersion | undefined {
  for (const range of (accept ?? '').split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().replace(/\s*=\s*/, '='));
    const has = (parameter: string) => parameters.includes(parameter);
    if (!has('g=apidiscovery.k8s.io') || !has('as=APIGroupDiscoveryList')) {
      if ((type === 'application/json' || type === '*/*') && !parameters.some((one) => one.startsWith('as=')))
        return undefined;
    } else if (type === 'application/json' || type === '*/*') {
      if (has('v=v2')) return 'v2';
      if (has('v=v2beta1')) return 'v2beta1';
    }
  }
  return undefined;
}

/** A group and its versions, the preferred one first. */
export interface GroupVersions {
  readonly name: string;
  readonly versions: readonly { readonly version: string; readonly kinds: readonly DiscoveredKind[] }[];
}

/** The APIGroupDiscoveryList of groups: all their versions and resources in one document. */
export function aggregatedDocument(version: AggregatedVersion, groups: readonly GroupVersions[]): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map(({ version: served, kinds }) => ({
        version: served,
        resources: resources(apiResources(kinds)),
        freshness: 'Current',
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
