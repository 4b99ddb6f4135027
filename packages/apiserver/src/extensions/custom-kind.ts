import {
  allVerbs,
  apiVersionOf,
  type Kind,
  type SchemaSource,
  type SubresourceDefinition,
  type Verb,
} from '@kubewright/api';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionVersion,
} from '@kubewright/api/apiextensions/v1';
import { approvalCondition } from '../kinds/custom-resource-definition/approval.js';

/** A definition without its schemas, which are most of it. */
export interface Outline {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly spec: CustomResourceDefinition['spec'];
  readonly status: NonNullable<CustomResourceDefinition['status']>;
  readonly deleted: boolean;
  /** Of groups that are Kubernetes' own. */
  readonly approval: CustomResourceDefinitionCondition | undefined;
  readonly finalizers: readonly string[];
}

export function outlineOf({ metadata, spec, status }: CustomResourceDefinition): Outline {
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    spec: { ...spec, versions: spec.versions.map(({ schema: _, ...version }) => version) },
    status: status ?? {},
    deleted: metadata.deletionTimestamp !== undefined,
    approval: approvalCondition(spec.group, metadata.annotations),
    finalizers: metadata.finalizers ?? [],
  };
}

const subresourceVerbs: readonly Verb[] = ['get', 'patch', 'update'];

/** The kind of one version of a definition, under the names that were accepted. */
export function customKind(
  { spec, status }: Outline,
  version: CustomResourceDefinitionVersion,
  schema: SchemaSource,
): Kind {
  const { group, scope } = spec;
  const { acceptedNames: names = spec.names } = status;
  const scale = version.subresources?.scale;
  return {
    group,
    version: version.name,
    kind: names.kind,
    apiVersion: apiVersionOf(group, version.name),
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    listKind: names.listKind ?? `${names.kind}List`,
    scope: scope === 'Cluster' ? 'Cluster' : 'Namespaced',
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs: allVerbs,
    subresources: subresourcesOf(group, names.kind, version),
    ...(scale === undefined
      ? {}
      : {
          scalePaths: {
            specReplicasPath: scale.specReplicasPath,
            statusReplicasPath: scale.statusReplicasPath,
            ...(scale.labelSelectorPath === undefined ? {} : { labelSelectorPath: scale.labelSelectorPath }),
          },
        }),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
    schema,
  };
}

function subresourcesOf(
  group: string,
  kind: string,
  { name: version, subresources }: CustomResourceDefinitionVersion,
): Record<string, SubresourceDefinition> {
  return {
    ...(subresources?.status === undefined
      ? {}
      : { status: { group, version, kind, verbs: subresourceVerbs } }),
    ...(subresources?.scale === undefined
      ? {}
      : { scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: subresourceVerbs } }),
  };
}
