import type { Kind, KubernetesObject, SubresourceDefinition, Verb } from '@kubewright/api';
import { apiVersionOf } from '@kubewright/api/protocol';

/** One entry of an APIResourceList, as plain discovery answers it. */
export interface ApiResource {
  /** `pods`, or `pods/status` for a subresource. */
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced: boolean;
  readonly kind: string;
  /** Where it is not that of the list: a Scale's. */
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** Kinds made of what discovery says. Their schema is open: the server has the true one. */
export function kindsOf(
  group: string,
  version: string,
  resources: readonly ApiResource[],
): readonly Kind<KubernetesObject>[] {
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map((resource) => ({
      group,
      version,
      kind: resource.kind,
      apiVersion: apiVersionOf(group, version),
      plural: resource.name,
      singular: resource.singularName || resource.kind.toLowerCase(),
      listKind: `${resource.kind}List`,
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      shortNames: resource.shortNames ?? [],
      categories: resource.categories ?? [],
      verbs: resource.verbs as readonly Verb[],
      subresources: subresourcesOf(resource.name, { group, version }, resources),
      selectableFields: [],
      schema: {
        root: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        resolve(ref) {
          throw new Error(`a kind known from discovery has no definition named ${ref}`);
        },
      },
    }));
}

function subresourcesOf(
  plural: string,
  own: { readonly group: string; readonly version: string },
  resources: readonly ApiResource[],
): Record<string, SubresourceDefinition> {
  return Object.fromEntries(
    resources
      .filter(({ name }) => name.startsWith(`${plural}/`))
      .map(({ name, group, version, kind, verbs }) => [
        name.slice(plural.length + 1),
        { group: group ?? own.group, version: version ?? own.version, kind, verbs: verbs as readonly Verb[] },
      ]),
  );
}
