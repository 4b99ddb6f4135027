import type { SubresourceDefinition } from '@kubewright/api';
import type {
  ContentObject,
  OperationObject,
  ParameterObject,
  PathItemObject,
  ReferenceObject,
  ResponsesObject,
} from 'openapi3-ts/oas30';
import type { DocumentedKind } from './documented-kind.js';
import {
  byName,
  deleteCollectionParameters,
  deleteParameters,
  listParameters,
  nameOf,
  namespaceParameter,
  patchParameters,
  pathParameter,
  pretty,
  resourceVersion,
  writeParameters,
} from './parameters.js';
import type { SchemaObjects } from './schema-objects.js';
import { subresourceParameters } from './subresource-parameters.js';

/** The path items of a kind by path; what they refer to is added to `schemas`. */
export function pathsOf(kind: DocumentedKind, schemas: SchemaObjects): Map<string, PathItemObject> {
  const writer = new PathWriter(kind, schemas);
  writer.collection();
  writer.item();
  writer.watches();
  for (const [name, subresource] of Object.entries(kind.subresources)) writer.subresource(name, subresource);
  return writer.paths;
}

/** `core`, `apps` or `rbacAuthorization`: a group as part of an identifier. */
export function groupName(group: string): string {
  return camelCase(group === '' ? 'core' : group.replace(/\.k8s\.io$/, ''));
}

export const objectTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
export const customTypes = ['application/json', 'application/yaml'];
const watchTypes = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json'];
const strategicPatchType = 'application/strategic-merge-patch+json';
const applyPatchType = 'application/apply-patch+yaml';

/** A subresource as its path has it. */
interface Spoken extends SubresourceDefinition {
  readonly name: string;
}

interface ConnectOptions {
  readonly spoken: Spoken;
  readonly own: readonly ParameterObject[];
}

interface OperationOptions {
  readonly action: string;
  readonly id: string;
  readonly answer: ReferenceObject | undefined;
  readonly codes: readonly number[];
  readonly parameters?: ParameterObject[];
  readonly body?: {
    readonly schema: ReferenceObject;
    readonly types: readonly string[];
    readonly required: boolean;
  };
  readonly spoken?: Spoken;
  readonly extraTypes?: readonly string[];
}

/** Writes the paths of one kind. */
class PathWriter {
  readonly paths = new Map<string, PathItemObject>();
  readonly #kind: DocumentedKind;
  readonly #schemas: SchemaObjects;
  readonly #namespaced: boolean;
  /** `AppsV1`, behind the verb of every operation id. */
  readonly #groupId: string;
  readonly #tag: string;
  /** `NamespacedDeployment` or `Node`. */
  readonly #subject: string;
  readonly #path: string;
  /** Custom resources come from a builder of their own in upstream, which says less of some things and more of others. */
  readonly #isCustom: boolean;
  readonly #types: readonly string[];
  readonly #bodyTypes: readonly string[];

  constructor(kind: DocumentedKind, schemas: SchemaObjects) {
    this.#kind = kind;
    this.#schemas = schemas;
    this.#namespaced = kind.scope === 'Namespaced';
    this.#isCustom = kind.schema.name === undefined;
    this.#types = this.#isCustom ? customTypes : objectTypes;
    this.#bodyTypes = this.#isCustom ? customTypes : ['*/*'];
    const group = groupName(kind.group);
    this.#groupId = `${capitalised(group)}${capitalised(kind.version)}`;
    this.#tag = `${group}_${kind.version}`;
    this.#subject = `${this.#namespaced ? 'Namespaced' : ''}${kind.kind}`;
    this.#path = `${this.#root}/${this.#namespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}`;
  }

  get #root(): string {
    return this.#kind.group === '' ? `/api/${this.#kind.version}` : `/apis/${this.#kind.apiVersion}`;
  }

  collection(): void {
    const { kind, plural } = this.#kind;
    const item: PathItemObject = this.#pathItem([]);
    if (this.#has('list')) item.get = this.#list(`list${this.#groupId}${this.#subject}`);
    if (this.#has('create')) item.post = this.#create(`create${this.#groupId}${this.#subject}`);
    if (this.#has('deletecollection'))
      item.delete = this.#operation({
        action: 'deletecollection',
        id: `delete${this.#groupId}Collection${this.#subject}`,
        answer: this.#schemas.meta('Status'),
        codes: [200],
        ...(this.#isCustom
          ? { parameters: listParameters }
          : { parameters: deleteCollectionParameters, body: this.#deleteBody() }),
      });
    this.#put(this.#path, item);
    if (this.#namespaced && this.#has('list'))
      this.#put(`${this.#root}/${plural}`, {
        get: this.#list(`list${this.#groupId}${kind}ForAllNamespaces`),
        parameters: [pretty],
      });
  }

  item(): void {
    const answer = this.#schemas.kind(this.#kind);
    const item: PathItemObject = this.#pathItem([nameOf(this.#kind.kind)]);
    const id = (verb: string) => `${verb}${this.#groupId}${this.#subject}`;
    if (this.#has('get'))
      item.get = this.#operation({
        action: 'get',
        id: id('read'),
        answer,
        codes: [200],
        ...this.#getParameters,
      });
    if (this.#has('update')) item.put = this.#update(id('replace'), answer);
    if (this.#has('patch')) item.patch = this.#patch(id('patch'), answer);
    if (this.#has('delete'))
      item.delete = this.#operation({
        action: 'delete',
        id: id('delete'),
        answer: this.#kind.returnsDeleted ? answer : this.#schemas.meta('Status'),
        codes: [200, 202],
        parameters: deleteParameters,
        body: this.#deleteBody(),
      });
    this.#put(`${this.#path}/{name}`, item);
  }

  get #getParameters(): Pick<OperationOptions, 'parameters'> {
    return this.#isCustom ? { parameters: [resourceVersion] } : {};
  }

  /** The paths from before `watch=true`, which clients of old may still take. */
  watches(): void {
    if (!this.#has('watch') || this.#isCustom) return;
    const { kind, plural } = this.#kind;
    const within = this.#path.slice(this.#root.length);
    const id = `watch${this.#groupId}`;
    this.#watch(within, `${id}${this.#subject}List`, []);
    if (this.#has('get')) this.#watch(`${within}/{name}`, `${id}${this.#subject}`, [nameOf(this.#kind.kind)]);
    if (this.#namespaced) this.#watch(`/${plural}`, `${id}${kind}ListForAllNamespaces`, []);
  }

  #watch(path: string, id: string, own: ParameterObject[]): void {
    const get = this.#operation({
      action: own.length === 0 ? 'watchlist' : 'watch',
      id,
      answer: this.#schemas.meta('WatchEvent'),
      codes: [200],
      extraTypes: watchTypes,
    });
    const namespace = path.includes('{namespace}') ? [namespaceParameter] : [];
    this.#put(`${this.#root}/watch${path}`, {
      get,
      parameters: [...own, ...namespace, pretty, ...listParameters],
    });
  }

  subresource(name: string, definition: SubresourceDefinition): void {
    const spoken = { ...definition, name };
    const subject = `${this.#subject}${capitalised(camelCase(name))}`;
    const own = subresourceParameters(this.#kind, name);
    const path = `${this.#path}/{name}/${name}`;
    if (spoken.connect) {
      this.#connect(path, subject, { spoken, own });
      // What goes on to a server of its own goes on with the rest of the path.
      if (own.some((parameter) => parameter.name === 'path'))
        this.#connect(`${path}/{path}`, `${subject}WithPath`, { spoken, own: [...own, pathParameter] });
      return;
    }
    const item: PathItemObject = this.#pathItem([nameOf(spoken.kind), ...own]);
    const answer = this.#spoken(spoken);
    const id = (verb: string) => `${verb}${this.#groupId}${subject}`;
    if (spoken.verbs.includes('get'))
      item.get = this.#operation({
        action: 'get',
        id: id('read'),
        answer,
        codes: [200],
        spoken,
        ...this.#getParameters,
        // Text, such as a log; its errors are objects.
        ...(answer === undefined ? { extraTypes: ['text/plain', ...objectTypes] } : {}),
      });
    if (spoken.verbs.includes('create')) item.post = this.#create(id('create'), answer, spoken);
    if (spoken.verbs.includes('update')) item.put = this.#update(id('replace'), answer, spoken);
    if (spoken.verbs.includes('patch')) item.patch = this.#patch(id('patch'), answer, spoken);
    this.#put(path, item);
  }

  #connect(path: string, subject: string, { spoken, own }: ConnectOptions): void {
    const namespace = this.#namespaced ? [namespaceParameter] : [];
    const item: PathItemObject = { parameters: [nameOf(spoken.kind), ...own, ...namespace] };
    const isProxy = own.some((parameter) => parameter.name === 'path');
    for (const method of isProxy ? allMethods : spoken.verbs.flatMap(methodOf))
      item[method] = this.#operation({
        action: 'connect',
        id: `connect${this.#groupId}${capitalised(method)}${subject}`,
        answer: undefined,
        codes: [200],
        spoken,
      });
    this.#put(path, item);
  }

  /** The definition that a subresource speaks; none for text that is only read (a log). */
  #spoken({ group, version, kind, verbs }: SubresourceDefinition): ReferenceObject | undefined {
    const own = group === this.#kind.group && version === this.#kind.version && kind === this.#kind.kind;
    if (!own) return this.#schemas.builtin(group, version, kind);
    return verbs.every((verb) => verb === 'get') ? undefined : this.#schemas.kind(this.#kind);
  }

  #list(id: string): OperationObject {
    return this.#operation({
      action: 'list',
      id,
      answer: this.#schemas.list(this.#kind),
      codes: [200],
      parameters: listParameters,
      extraTypes: this.#isCustom ? [] : watchTypes,
    });
  }

  #create(
    id: string,
    answer: ReferenceObject | undefined = this.#schemas.kind(this.#kind),
    spoken?: Spoken,
  ): OperationObject {
    return this.#operation({
      action: 'post',
      id,
      answer,
      codes: [200, 201, 202],
      parameters: writeParameters,
      ...bodyOf(answer, this.#bodyTypes),
      ...(spoken === undefined ? {} : { spoken }),
    });
  }

  #update(id: string, answer: ReferenceObject | undefined, spoken?: Spoken): OperationObject {
    return this.#operation({
      action: 'put',
      id,
      answer,
      codes: [200, 201],
      parameters: writeParameters,
      ...bodyOf(answer, this.#bodyTypes),
      ...(spoken === undefined ? {} : { spoken }),
    });
  }

  #patch(id: string, answer: ReferenceObject | undefined, spoken?: Spoken): OperationObject {
    // Strategic merge needs a definition of the project's own, as upstream has it for custom resources.
    const strategic = this.#kind.schema.name === undefined ? [] : [strategicPatchType];
    return this.#operation({
      action: 'patch',
      id,
      answer,
      codes: this.#isCustom ? [200] : [200, 201],
      parameters: patchParameters,
      ...bodyOf(this.#schemas.meta('Patch'), [...patchTypes, ...strategic, applyPatchType]),
      ...(spoken === undefined ? {} : { spoken }),
    });
  }

  #operation(options: OperationOptions): OperationObject {
    const { group, version, kind } = (this.#isCustom ? undefined : options.spoken) ?? this.#kind;
    return {
      tags: [this.#tag],
      description: descriptionOf(options.action, this.#kind.kind, options.spoken?.name),
      operationId: options.id,
      ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
      ...(options.body === undefined
        ? {}
        : {
            requestBody: {
              content: Object.fromEntries(
                options.body.types.map((type) => [type, { schema: options.body?.schema ?? {} }]),
              ),
              ...(options.body.required ? { required: true } : {}),
            },
          }),
      responses: responses(options, this.#types),
      'x-kubernetes-action': options.action,
      'x-kubernetes-group-version-kind': { group, version, kind },
    };
  }

  #deleteBody(): NonNullable<OperationOptions['body']> {
    return { schema: this.#schemas.meta('DeleteOptions'), types: this.#bodyTypes, required: false };
  }

  #has(verb: DocumentedKind['verbs'][number]): boolean {
    return this.#kind.verbs.includes(verb);
  }

  #pathItem(parameters: ParameterObject[]): PathItemObject {
    return { parameters: [...parameters, ...(this.#namespaced ? [namespaceParameter] : []), pretty] };
  }

  #put(path: string, item: PathItemObject): void {
    const operations = allMethods.flatMap((method) => item[method] ?? []);
    if (operations.length === 0) return;
    const whole = withShared(item, operations);
    const parameters = (whole.parameters ?? []) as ParameterObject[];
    this.paths.set(path, { ...whole, parameters: [...parameters].sort(byName) });
  }
}

/** What each action does, with `$` in the place of what it does it to. */
const actions: Readonly<Record<string, string>> = {
  get: 'Reads $.',
  list: 'Lists objects of kind $, or watches them.',
  watch: 'Sends the changes of $. A list with watch=true and a field selector does the same.',
  watchlist: 'Sends the changes of objects of kind $. A list with watch=true does the same.',
  post: 'Creates $.',
  put: 'Replaces $.',
  patch: 'Changes a part of $.',
  delete: 'Deletes $.',
  deletecollection: 'Deletes all objects of kind $ that are selected.',
  connect: 'Opens a connection to $.',
};

function descriptionOf(action: string, kind: string, subresource: string | undefined): string {
  const sentence = actions[action] ?? '';
  if (sentence.includes('kind $')) return sentence.replace('$', kind);
  const object = `an object of kind ${kind}`;
  return sentence.replace('$', subresource === undefined ? object : `the ${subresource} of ${object}`);
}

/** What all operations of a path take stands at the path, where upstream has it. */
function withShared(item: PathItemObject, operations: readonly OperationObject[]): PathItemObject {
  const [first, ...others] = operations.map(({ parameters = [] }) => parameters as ParameterObject[]);
  const shared = first?.filter((parameter) => others.every((own) => own.includes(parameter))) ?? [];
  if (shared.length === 0) return item;
  const result = { ...item, parameters: [...(item.parameters ?? []), ...shared] };
  for (const method of allMethods) {
    const { parameters = [], ...operation } = result[method] ?? {};
    if (result[method] === undefined) continue;
    const own = (parameters as ParameterObject[]).filter((parameter) => !shared.includes(parameter));
    result[method] = { ...(operation as OperationObject), ...(own.length > 0 ? { parameters: own } : {}) };
  }
  return result;
}

function bodyOf(
  schema: ReferenceObject | undefined,
  types: readonly string[],
): Pick<OperationOptions, 'body'> {
  return schema === undefined ? {} : { body: { schema, types, required: true } };
}

function responses(
  { answer, codes, extraTypes = [] }: OperationOptions,
  types: readonly string[],
): ResponsesObject {
  const names: Record<number, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
  const content =
    answer === undefined
      ? textContent(extraTypes)
      : Object.fromEntries([...types, ...extraTypes].map((type) => [type, { schema: answer }]));
  return {
    ...Object.fromEntries(codes.map((code) => [code, { description: names[code] ?? '', content }])),
    401: { description: 'Unauthorized' },
  };
}

function textContent(types: readonly string[]): ContentObject {
  const all = types.length === 0 ? ['*/*'] : types;
  return Object.fromEntries(all.map((type) => [type, { schema: { type: 'string' } }]));
}

const allMethods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

function methodOf(verb: string): (typeof allMethods)[number][] {
  switch (verb) {
    case 'get':
    case 'patch':
    case 'delete':
      return [verb];
    case 'create':
      return ['post'];
    case 'update':
      return ['put'];
    default:
      return [];
  }
}

function camelCase(name: string): string {
  return name.replace(/[^A-Za-z0-9_]+(.)?/g, (_match, next: string | undefined) => next?.toUpperCase() ?? '');
}

export function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
