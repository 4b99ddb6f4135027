import type { Schema, SchemaSource } from '@kubewright/api';
import type { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { compactSchemas } from './compact-schema.js';
import type { Outline } from './custom-kind.js';

/**
 * The schemas of a definition's versions: read when somebody first needs one, all together, since versions are mostly
 * alike.
 */
export class DefinitionSchemas {
  readonly #digest: string;
  readonly #read: () => CustomResourceDefinition | undefined;
  #compact: ReadonlyMap<string, Schema> | undefined;

  /** @param read the definition as it is stored */
  constructor({ uid, generation }: Outline, read: () => CustomResourceDefinition | undefined) {
    this.#digest = `${uid}/${generation}`;
    this.#read = read;
  }

  of(version: string): SchemaSource {
    const root = () => {
      this.#compact ??= compactSchemas(this.#asWritten());
      return this.#compact.get(version) ?? withIdentity({});
    };
    return {
      digest: `${this.#digest}/${version}`,
      get root() {
        return root();
      },
      documented: () => this.#asWritten().get(version) ?? withIdentity({}),
      resolve(ref) {
        throw new Error(`the schema has no definition named ${ref}`);
      },
    };
  }

  #asWritten(): ReadonlyMap<string, Schema> {
    return new Map(
      (this.#read()?.spec.versions ?? []).map(({ name, schema }) => [
        name,
        withIdentity((schema?.openAPIV3Schema ?? {}) as Schema),
      ]),
    );
  }
}

/** What every object has and a definition need not say. */
function withIdentity(schema: Schema): Schema {
  const { metadata } = schema.properties ?? {};
  return {
    ...schema,
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      ...schema.properties,
      metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, ...metadata },
    },
  };
}
