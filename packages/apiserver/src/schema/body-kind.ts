import { apiVersionOf, type SchemaSource } from '@kubewright/api';
import { definitions } from '@kubewright/api/schemas';
import { createNormaliser, type Normaliser } from './normalise.js';
import { createStructuralNormaliser } from './structural.js';

/** What a body must be: its kind and version, and the way to bring it to its schema's form. */
export interface BodyKind {
  readonly apiVersion: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: SchemaSource;
  readonly normalise: Normaliser;
  /** The same for the outcome of an apply, where it differs. @default normalise */
  readonly normaliseApplied?: Normaliser;
  /** True for bodies that every group has under its own version (DeleteOptions). */
  readonly anyVersion?: boolean;
  /** Other versions that a body may say to be of, which look the same. */
  readonly formerVersions?: readonly string[];
  /** True where a body must say of which kind and version it is: custom resources. */
  readonly namesItself?: boolean;
}

/** What makes a {@link BodyKind}: every Kind does. */
export interface BodyKindSource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: SchemaSource;
}

/** The schema is compiled at once: callers keep the answer. */
export function bodyKindOf(source: BodyKindSource, structural = false): BodyKind {
  const { group, version, kind, schema } = source;
  const body = { apiVersion: apiVersionOf(group, version), version, kind, schema };
  if (!structural) return { ...body, normalise: createNormaliser(schema, kind) };
  return {
    ...body,
    normalise: createStructuralNormaliser(schema),
    normaliseApplied: createStructuralNormaliser(schema, true),
  };
}

const known = new Map<string, BodyKind>();

/**
 * A built-in kind that need not be stored: DeleteOptions, Scale, Eviction, ….
 * @throws Error for a kind that the imported facts do not have
 */
export function builtinBodyKind(group: string, version: string, kind: string): BodyKind {
  const key = `${group}/${version}/${kind}`;
  let body = known.get(key);
  if (body === undefined) {
    const schema = definitions.ofKind(group, version, kind);
    if (schema === undefined) throw new Error(`there are no facts about ${key}`);
    const versions = schema.root['x-kubernetes-group-version-kind'] ?? [];
    body = { ...bodyKindOf({ group, version, kind, schema }), anyVersion: versions.length > 1 };
    known.set(key, body);
  }
  return body;
}
