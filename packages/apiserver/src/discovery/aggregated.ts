import type { ContentType } from '../encoding/negotiate.js';
import type { JsonObject } from '../patch/json-object.js';
import type { DiscoveredKind } from './discovered-kind.js';
import { type ApiResource, describedKinds } from './resource-list.js';

/** How a client asks for an aggregated document to be written. */
export interface AggregatedForm {
  readonly type: ContentType;
  /** JSON for people. */
  readonly pretty: boolean;
}

/** The media type of an aggregated document; clients compare the answer's with it, parameters and all. */
export function aggregatedMediaType(type: ContentType): string {
  return `${type};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`;
}

/**
 * The first aggregated form that an Accept header offers, wherever it stands. Who offers a former version alone gets
 * what else he takes.
 */
export function acceptedAggregated(accept: string | undefined): AggregatedForm | undefined {
  for (const range of (accept ?? '').split(',')) {
    const [asked, ...parameters] = range.split(';').map((part) => part.trim().replace(/\s*=\s*/, '='));
    const type = asked === '*/*' ? 'application/json' : types.find((one) => one === asked);
    if (type === undefined) continue;
    const has = (parameter: string) => parameters.includes(parameter);
    if (!has('g=apidiscovery.k8s.io') || !has('as=APIGroupDiscoveryList')) continue;
    if (has('v=v2')) return { type, pretty: has('pretty=1') };
  }
  return undefined;
}

const types: readonly ContentType[] = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
];

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
export function aggregatedDocument(groups: readonly GroupVersions[]): JsonObject {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map(({ version: served, kinds, isStale }) => ({
        version: served,
        resources: resources(kinds),
        freshness: isStale ? 'Stale' : 'Current',
      })),
    })),
  };
}

function resources(kinds: readonly DiscoveredKind[]): object[] {
  return describedKinds(kinds).map(({ kind, resource, subresources }) => {
    // Empty group and version stand for those of the document; upstream names them for custom resources.
    const own = kind.isCustom === true ? kind : { group: '', version: '' };
    const responseKind = ({ group = own.group, version = own.version, kind: name }: ApiResource) => ({
      group,
      version,
      kind: name,
    });
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
