import type { Kind } from '@kubewright/api';

/** What the OpenAPI documents say of a kind at one of its served versions. */
export type DocumentedKind = Pick<
  Kind,
  | 'group'
  | 'version'
  | 'kind'
  | 'apiVersion'
  | 'plural'
  | 'singular'
  | 'listKind'
  | 'scope'
  | 'verbs'
  | 'subresources'
  | 'selectableFields'
  | 'schema'
> & {
  /** True where a delete answers with the object rather than a Status. @default false */
  readonly returnsDeleted?: boolean | undefined;
};

/**
 * The name of a kind's definition: its own (`io.k8s.api.apps.v1.Deployment`), or the group from behind, the version
 * and the kind (`dev.example.v1.Widget`), as upstream names custom resources.
 */
export function definitionName({ schema, group, version, kind }: DocumentedKind): string {
  return schema.name ?? [...group.split('.').reverse(), version, kind].join('.');
}
