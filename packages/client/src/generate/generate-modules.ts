import type { Kind, Schema } from '@kubewright/api';
import { moduleOfKind, typeNameOf } from './type-name.js';
import { documentation, membersText, type NameOf, quoted, typeText } from './type-text.js';

/** A kind as data: everything of {@link Kind} but the schema, which a definition's name stands for. */
export interface KindData extends Omit<Kind, 'schema' | 'objectType' | 'apiVersion'> {
  readonly definition: string;
}

export interface GenerateOptions {
  readonly kinds: readonly KindData[];
  /** Every definition that the kinds reach. A definition that is an object of its own kind carries `x-kubernetes-group-version-kind`. */
  readonly definitions: Readonly<Record<string, Schema>>;
  /** The definitions with sentences for editors, which the data that programs load go without. @default `definitions` */
  readonly documented?: Readonly<Record<string, Schema>>;
  /** The line at the top of every file, without the comment signs. */
  readonly header: string;
  /** Where generated code imports `Kind`, `KubernetesObject` and `lazyDefinitions` from; a relative path starts at the output folder. */
  readonly imports: { readonly kind: string; readonly definitions: string };
  /** The name of the file, and of the array that it exports, that lists all kinds. */
  readonly index: { readonly file: string; readonly constant: string };
  /**
   * Definitions that another package has: the module of each one's type, and the module whose `definitions` hold their
   * schemas, where any of these is needed. Such schemas are then written without descriptions, which the types carry.
   */
  readonly external?: {
    readonly modules: Readonly<Record<string, string>>;
    readonly schemas: string | undefined;
  };
}

/**
 * TypeScript modules for a set of kinds: `GROUP/VERSION.ts` with an interface a definition and a {@link Kind} value a
 * kind, `schemas.ts` with all definitions as one text, and an index of all kinds. A pure function with stable output:
 * keys are paths relative to the output folder.
 * @throws Error when a definition is missing, or when two definitions would have the same name in one module.
 */
export function generateModules(options: GenerateOptions): Map<string, string> {
  const modules = group(options);
  const files = new Map<string, string>();
  for (const [path, module] of [...modules].sort(([a], [b]) => (a < b ? -1 : 1)))
    files.set(`${path}.ts`, renderModule(path, module, options));
  files.set('schemas.ts', renderSchemas(options));
  files.set(`${options.index.file}.ts`, renderIndex(modules, options));
  return files;
}

interface Module {
  readonly definitions: Map<string, string>;
  readonly kinds: KindData[];
}

function group({ kinds, definitions }: GenerateOptions): Map<string, Module> {
  const modules = new Map<string, Module>();
  const module = (path: string): Module => {
    const existing = modules.get(path) ?? { definitions: new Map<string, string>(), kinds: [] };
    modules.set(path, existing);
    return existing;
  };
  for (const definition of Object.keys(definitions).sort()) {
    const { module: path, name } = typeNameOf(definition);
    const other = module(path).definitions.get(name);
    if (other !== undefined) throw new Error(`${definition} and ${other} would both be ${name} of ${path}`);
    module(path).definitions.set(name, definition);
  }
  for (const kind of kinds) {
    if (definitions[kind.definition] === undefined)
      throw new Error(
        `no definition ${kind.definition} for kind ${kind.kind} of ${kind.group}/${kind.version}`,
      );
    const path = typeNameOf(kind.definition).module;
    if (path !== moduleOfKind(kind.group, kind.version))
      throw new Error(`definition ${kind.definition} is not of group ${kind.group}/${kind.version}`);
    module(path).kinds.push(kind);
  }
  return modules;
}

function renderModule(path: string, module: Module, options: GenerateOptions): string {
  const { nameOf, imports } = namesOf(path, module, options.external?.modules ?? {});
  const types = [...module.definitions].map(([name, definition]) =>
    renderType(name, definition, nameOf, options),
  );
  const kinds = module.kinds.map((kind) => renderKind(kind));
  const bases = [
    ...(kinds.length > 0 ? ['Kind'] : []),
    ...(types.some((text) => text.includes(' extends KubernetesObject ')) ? ['KubernetesObject'] : []),
  ];
  const head = [
    `// ${options.header}`,
    ...(bases.length > 0
      ? [`import type { ${bases.join(', ')} } from '${relative(path, options.imports.kind)}';`]
      : []),
    ...imports(),
    ...(kinds.length > 0 ? [`import { definitions } from '${relative(path, './schemas.js')}';`] : []),
  ];
  return `${head.join('\n')}\n\n${[...types, ...kinds].join('\n')}`;
}

/** Names within a module: its own types as they are, those of other modules imported, renamed where names meet. */
function namesOf(
  path: string,
  module: Module,
  external: Readonly<Record<string, string>>,
): { nameOf: NameOf; imports: () => string[] } {
  /** By specifier the names, each as it is there and as it is here. */
  const imported = new Map<string, Map<string, string>>();
  /** Which definition has a name here. */
  const taken = new Map([...module.definitions].map(([name, definition]) => [name, definition]));
  const nameOf: NameOf = (definition) => {
    const type = typeNameOf(definition);
    const other = external[definition];
    if (other === undefined && type.module === path) return type.name;
    const isFree = (name: string) => (taken.get(name) ?? definition) === definition;
    const local = isFree(type.name) ? type.name : `${capitalized(type.module)}${type.name}`;
    taken.set(local, definition);
    const from = relative(path, other ?? `./${type.module}.js`);
    const names = imported.get(from) ?? new Map<string, string>();
    imported.set(from, names.set(type.name, local));
    return local;
  };
  const imports = (): string[] =>
    [...imported]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([from, names]) => {
        const list = [...names]
          .sort()
          .map(([name, local]) => (name === local ? name : `${name} as ${local}`));
        return `import type { ${list.join(', ')} } from '${from}';`;
      });
  return { nameOf, imports };
}

function renderType(name: string, definition: string, nameOf: NameOf, options: GenerateOptions): string {
  const schema = (options.documented ?? options.definitions)[definition];
  if (schema === undefined) throw new Error(`no definition ${definition}`);
  const comment = documentation(schema.description, '');
  const gvks = schema['x-kubernetes-group-version-kind'] ?? [];
  const gvk = gvks.length === 1 ? gvks[0] : undefined;
  const hasMetadata = schema.properties?.metadata?.$ref?.endsWith('.ObjectMeta') === true;
  if (gvk !== undefined && schema.properties !== undefined) {
    const { apiVersion: _, kind: __, metadata, ...rest } = schema.properties;
    const isObject = hasMetadata && metadata !== undefined;
    const properties = isObject || metadata === undefined ? rest : { metadata, ...rest };
    const members = membersText({ ...schema, properties }, nameOf, '  ');
    const apiVersion = gvk.group === '' ? gvk.version : `${gvk.group}/${gvk.version}`;
    const orUndefined = isObject ? '' : ' | undefined';
    const head = [
      `  apiVersion?: ${quoted(apiVersion)}${orUndefined};`,
      `  kind?: ${quoted(gvk.kind)}${orUndefined};`,
      ...(isObject ? [`  metadata: ${nameOf(metadata.$ref ?? '')};`] : []),
    ];
    const base = isObject ? ' extends KubernetesObject ' : ' ';
    const open = schema['x-kubernetes-preserve-unknown-fields'] === true ? '  [key: string]: unknown;\n' : '';
    return `${comment}export interface ${name}${base}{\n${head.join('\n')}\n${members}${open}}\n`;
  }
  if (
    schema.type === 'object' &&
    schema.properties !== undefined &&
    schema.additionalProperties === undefined
  )
    return `${comment}export interface ${name} {\n${membersText(schema, nameOf, '  ')}}\n`;
  return `${comment}export type ${name} = ${typeText(schema, nameOf)};\n`;
}

function renderKind({ definition, ...kind }: KindData): string {
  const { name } = typeNameOf(definition);
  const { group, version, ...rest } = kind;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const members = Object.entries({ group, version, apiVersion, ...rest }).map(
    ([key, value]) => `  ${key}: ${typeof value === 'string' ? quoted(value) : JSON.stringify(value)},`,
  );
  const schema = `  schema: /* @__PURE__ */ definitions.source(${quoted(definition)}),`;
  return `export const ${name}: Kind<${name}> = {\n${members.join('\n')}\n${schema}\n};\n`;
}

function renderSchemas({ definitions, header, imports, external }: GenerateOptions): string {
  const entries = Object.keys(definitions)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${JSON.stringify(definitions[name], schemaPart(external))}`);
  const fallback = external?.schemas;
  return [
    `// ${header}`,
    `import { lazyDefinitions } from '${relative('schemas', imports.definitions)}';`,
    ...(fallback === undefined ? [] : [`import { definitions as others } from '${fallback}';`]),
    '',
    '/** All definitions: text until something asks for one. */',
    `export const definitions = /* @__PURE__ */ lazyDefinitions(${quoted(`{${entries.join(',')}}`)}${fallback === undefined ? '' : ', others'});`,
    '',
  ].join('\n');
}

/** What of a schema is kept: where its descriptions stand in the types, not them; metadata that nothing defines is open. */
function schemaPart(external: GenerateOptions['external']): (key: string, value: unknown) => unknown {
  if (external === undefined) return (_key, value) => value;
  return (key, value) => {
    if (key === 'description' && typeof value === 'string') return undefined;
    const ref = typeof value === 'object' && value !== null && '$ref' in value ? value.$ref : undefined;
    if (external.schemas !== undefined || typeof ref !== 'string' || external.modules[ref] === undefined)
      return value;
    return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  };
}

function renderIndex(
  modules: Map<string, Module>,
  { kinds, header, imports, index }: GenerateOptions,
): string {
  const paths = [...modules]
    .filter(([, module]) => module.kinds.length > 0)
    .map(([path]) => path)
    .sort();
  const list = kinds.map((kind) => {
    const { module, name } = typeNameOf(kind.definition);
    return `  ${capitalized(module)}.${name},`;
  });
  return [
    `// ${header}`,
    `import type { Kind } from '${relative(index.file, imports.kind)}';`,
    ...paths.map(
      (path) => `import * as ${capitalized(path)} from '${relative(index.file, `./${path}.js`)}';`,
    ),
    '',
    `/** Every kind of this folder. */`,
    `export const ${index.constant}: readonly Kind[] = [`,
    ...list,
    '];',
    '',
  ].join('\n');
}

/** `core/v1` as part of an identifier: `CoreV1`. */
function capitalized(path: string): string {
  return path.replace(/(?:^|[^A-Za-z0-9])([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A specifier as seen from a module; packages stay as they are. */
function relative(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const ups = from.split('/').length - 1;
  const plain = specifier.replace(/^\.\//, '');
  return ups === 0 ? (plain.startsWith('.') ? plain : `./${plain}`) : `${'../'.repeat(ups)}${plain}`;
}
