import type { Schema } from '@kubewright/api';
import { generateModules } from './generate-modules.js';
import { type KindSource, listMeta, objectMeta } from './kind-source.js';
import { referencesOf } from './plain-schema.js';
import { typeNameOf } from './type-name.js';

/** The line by which a file is known to be generated, and may be replaced or removed. */
export const generatedHeader = 'Made by `kubewright generate client`. Do not edit: make it anew.';

/**
 * The modules of a client for these kinds: what `@kubewright/api` has is imported from there, the rest is written.
 * @param builtin the definitions that `@kubewright/api` has
 * @throws Error for a definition that neither has, and where no kind is left
 */
export function clientModules(
  { kinds, definitions }: KindSource,
  builtin: Readonly<Record<string, Schema>>,
): Map<string, string> {
  if (kinds.length === 0) throw new Error('there is no kind to generate');
  // A module is written whole, also where it is that of a built-in group.
  const modules = new Set(kinds.map(({ definition }) => typeNameOf(definition).module));
  const own: Record<string, Schema> = {};
  const external: Record<string, string> = {};
  let needsBuiltinSchemas = false;
  const visit = (name: string): void => {
    if (name in own || name in external) return;
    if (Object.hasOwn(builtin, name) && !modules.has(typeNameOf(name).module)) {
      external[name] = `@kubewright/api/${typeNameOf(name).module}`;
      if (name !== objectMeta && name !== listMeta) needsBuiltinSchemas = true;
      return;
    }
    const schema = definitions[name];
    if (schema === undefined) throw new Error(`there is no definition ${name}`);
    own[name] = schema;
    for (const reference of referencesOf(schema)) visit(reference);
  };
  for (const { definition, kind, listKind } of kinds) {
    visit(definition);
    const list = definition.slice(0, -kind.length) + listKind;
    if (list in definitions) visit(list);
  }
  return generateModules({
    kinds,
    definitions: own,
    header: generatedHeader,
    imports: { kind: '@kubewright/api', definitions: '@kubewright/api' },
    index: { file: 'index', constant: 'kinds' },
    external: { modules: external, schemas: needsBuiltinSchemas ? '@kubewright/api/schemas' : undefined },
  });
}
