import { readFileSync } from 'node:fs';
import { dataFile } from '../data-file.js';

/** A field of a message, with what JSON makes of it. */
export interface Field {
  readonly number: number;
  /** The member in JSON; undefined for a Go struct embedded inline, whose members are its owner's. */
  readonly json: string | undefined;
  readonly shape: 'single' | 'repeated' | 'map';
  readonly type: Scalar | Message;
  /** True where JSON shows the zero value: a pointer in Go, or a member that is never left out. */
  readonly keepsZero: boolean;
  /** Left out of a message where it is not set; what is no pointer is always in it, zero or not. */
  readonly isPointer: boolean;
}

export type Scalar = 'string' | 'int32' | 'int64' | 'bool' | 'double' | 'bytes';

/** A message and its fields in the order of their numbers, as Go writes them. */
export interface Message {
  /** Such as `k8s.io.api.core.v1.Pod`. */
  readonly name: string;
  readonly fields: readonly Field[];
  /** The same in the order in which the Go type declares them, which is that of its JSON. */
  readonly declared: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
}

type Fields = Readonly<Record<string, readonly [number: number, type: string]>>;

interface Layout {
  /** `GROUP/VERSION/KIND` (`/v1/Pod` in the core group) to the name of its message. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly messages: Readonly<Record<string, Fields>>;
}

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const metaBeta = 'k8s.io.apimachinery.pkg.apis.meta.v1beta1';
const discovery = 'k8s.io.api.apidiscovery.v2';
const jsonSchemaProps = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';

/** Message fields that are Go structs embedded inline: no members in JSON, theirs stand beside their owner's. */
const inlineFields = new Set([
  'deviceConfiguration',
  'ephemeralContainerCommon',
  'handler',
  'ingressRuleValue',
  'localObjectReference',
  'persistentVolumeSource',
  'rule',
  'ruleWithOperations',
  'volumeSource',
]);

/** Fields that JSON names otherwise, everywhere or (behind the message's name) in one message. */
const jsonNames: Readonly<Record<string, string>> = {
  Expression: 'expression',
  Name: 'name',
  Webhooks: 'webhooks',
  aPIGroup: 'apiGroup',
  uID: 'uid',
  xKubernetesEmbeddedResource: 'x-kubernetes-embedded-resource',
  xKubernetesIntOrString: 'x-kubernetes-int-or-string',
  xKubernetesListMapKeys: 'x-kubernetes-list-map-keys',
  xKubernetesListType: 'x-kubernetes-list-type',
  xKubernetesMapType: 'x-kubernetes-map-type',
  xKubernetesPreserveUnknownFields: 'x-kubernetes-preserve-unknown-fields',
  xKubernetesValidations: 'x-kubernetes-validations',
  [`${jsonSchemaProps}.ref`]: '$ref',
  [`${jsonSchemaProps}.schema`]: '$schema',
};

let layout: Layout | undefined;
/** Message to the fields whose zero value shows in JSON; a fact of the Go types that the layout does not hold. */
let zeros: Readonly<Record<string, readonly string[]>> | undefined;
/** Message to the members that are structs in Go rather than pointers, which JSON therefore always shows. */
let structs: Readonly<Record<string, readonly string[]>> | undefined;
/** Message to the single fields that are pointers in Go. */
let pointers: Readonly<Record<string, readonly string[]>> | undefined;
/** Message to the members that JSON shows as null when they are not set: lists and pointers that are never left out, and times. */
let nulls: Readonly<Record<string, readonly string[]>> | undefined;
const messages = new Map<string, Message>();

/** The message of a kind; undefined for a kind that has no protobuf form. Nothing is read before the first call. */
export function messageOfKind(apiVersion: string, kind: string): Message | undefined {
  const { kinds, messages: all } = read();
  const key = apiVersion.includes('/') ? `${apiVersion}/${kind}` : `/${apiVersion}/${kind}`;
  const name = Object.hasOwn(kinds, key) ? kinds[key] : metaMessage(apiVersion, kind);
  return name === undefined || !Object.hasOwn(all, name) ? undefined : message(name);
}

/**
 * The forms that any kind has, and discovery's, whose two versions are the same messages. Of v1beta1 the list alone is
 * a message of its own.
 */
function metaMessage(apiVersion: string, kind: string): string | undefined {
  if (apiVersion === 'meta.k8s.io/v1beta1')
    return kind.endsWith('List') ? `${metaBeta}.${kind}` : `${meta}.${kind}`;
  if (apiVersion === 'meta.k8s.io/v1') return `${meta}.${kind}`;
  return apiVersion.startsWith('apidiscovery.k8s.io/') ? `${discovery}.${kind}` : undefined;
}

/** The message of that name, where there is one. */
export function findMessage(name: string): Message | undefined {
  return Object.hasOwn(read().messages, name) ? message(name) : undefined;
}

/** The members of that message that are structs in Go. */
export function structMembers(name: string): readonly string[] {
  read();
  return structs?.[name] ?? [];
}

/** The members of that message that are null in JSON when they are not set. */
export function nullMembers(name: string): readonly string[] {
  read();
  return nulls?.[name] ?? [];
}

/** The message of that name. @throws Error when there is none: a fault of the data, not of a request. */
export function message(name: string): Message {
  const known = messages.get(name);
  if (known !== undefined) return known;
  const raw = read().messages[name];
  if (raw === undefined) throw new Error(`the protobuf layout has no message ${name}`);
  const fields: Field[] = [];
  const byNumber = new Map<number, Field>();
  const declared: Field[] = [];
  const made: Message = { name, fields, declared, byNumber };
  // Known before its fields are made: messages may contain themselves.
  messages.set(name, made);
  const kept = zeros?.[name] ?? [];
  const pointed = pointers?.[name] ?? [];
  for (const [field, [number, type]] of Object.entries(raw)) {
    const keepsZero = kept.includes(field);
    const one = makeField(name, field, { number, type, keepsZero, isPointer: pointed.includes(field) });
    fields.push(one);
    declared.push(one);
    byNumber.set(number, one);
  }
  fields.sort((a, b) => a.number - b.number);
  return made;
}

function makeField(
  owner: string,
  name: string,
  { type, ...facts }: Pick<Field, 'number' | 'keepsZero' | 'isPointer'> & { readonly type: string },
): Field {
  const shape = type.startsWith('repeated ') ? 'repeated' : type.startsWith('map<') ? 'map' : 'single';
  const value = type.replace(/^repeated |^map<string,|>$/g, '');
  const resolved = value.startsWith('k8s.io.') ? message(value) : (value as Scalar);
  const inline = shape === 'single' && typeof resolved !== 'string' && inlineFields.has(name);
  const json = inline ? undefined : (jsonNames[`${owner}.${name}`] ?? jsonNames[name] ?? name);
  return { ...facts, json, shape, type: resolved };
}

function read(): Layout {
  if (layout === undefined) {
    // `src` and `dist` are siblings of `data`, so the path is the same from both.
    const load = (file: string): unknown => JSON.parse(readFileSync(dataFile(file), 'utf8'));
    zeros = load('protobuf-zeros.json') as Record<string, readonly string[]>;
    structs = load('go-structs.json') as Record<string, readonly string[]>;
    pointers = load('go-pointers.json') as Record<string, readonly string[]>;
    nulls = load('go-nulls.json') as Record<string, readonly string[]>;
    layout = load('protobuf.json') as Layout;
  }
  return layout;
}
