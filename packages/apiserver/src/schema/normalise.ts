import {
  badRequest,
  canonicalQuantity,
  encodeJson,
  formatMicroTime,
  formatTime,
  NumberLiteral,
  parseTime,
  QuantityError,
  type Schema,
  type SchemaSource,
} from '@kubewright/api';
import { type GoMembers, goMembers } from '../encoding/go-members.js';

/** A decoded body brought to its schema's form. */
export interface Normalised {
  readonly object: Record<string, unknown>;
  /** Paths of fields that the schema does not have; they are gone from the object. */
  readonly unknownFields: readonly string[];
}

/** `owned` allows to change the body in place: what was parsed for this and nothing else need not be copied. */
export type Normaliser = (body: Record<string, unknown>, owned?: boolean) => Normalised;

/** What a walk through one body carries. */
interface Walk {
  readonly unknownFields: string[];
  /** See {@link Normaliser}. */
  readonly owned: boolean;
}

interface Property {
  readonly step: Step;
  readonly keepsEmpty: boolean;
  /** Left out when it is `""`, 0 or false. */
  readonly dropsZero: boolean;
}

/** A member that Go writes whether it is set or not; what a list without items and a time without a value are is null. */
interface AlwaysWritten {
  readonly name: string;
  readonly zero: unknown;
}

/** Where a value stands. Linked, so that a path is only put together for an error. */
interface Place {
  readonly parent: Place | undefined;
  /** A field's name, a map's key or a list's index: moves on as its siblings are walked. */
  segment: string | number;
  /** The innermost named type; undefined for what is no field of one (items, map values). */
  readonly owner: string | undefined;
}

/** Returns the value in canonical form, or `drop` where a Go round trip leaves it out. */
type Step = (value: unknown, place: Place | undefined, walk: Walk) => unknown;

const drop = Symbol('drop');

/**
 * A function that does to a body what decoding into Go types and encoding again does: unknown fields are dropped (and
 * named), nulls, empty optional lists and maps and what else Go leaves out when it is empty are gone, what it never
 * leaves out is there, quantities and times written canonically, and a value of another type refused in the words of
 * Go's decoder.
 * @throws ApiError BadRequest from the function, for a value of the wrong type
 */
export function createNormaliser(source: SchemaSource, kind: string): Normaliser {
  const compiler = new Compiler(source);
  const step = compiler.object(source.root, kind, source.name);
  return (body, owned = false) => {
    const walk: Walk = { unknownFields: [], owned };
    const object = step(body, undefined, walk);
    return { object: object as Record<string, unknown>, unknownFields: walk.unknownFields };
  };
}

class Compiler {
  readonly #source: SchemaSource;
  readonly #definitions = new Map<string, Step>();

  constructor(source: SchemaSource) {
    this.#source = source;
  }

  step(schema: Schema): Step {
    if (schema.$ref !== undefined) return this.#definition(schema.$ref);
    if (schema['x-kubernetes-preserve-unknown-fields'] && schema.properties === undefined) return keep;
    // Both stand without a type: strings and numbers fit.
    if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') return intOrString;
    if (schema.format === 'quantity') return quantity;
    switch (schema.type) {
      case 'object':
        return schema.properties === undefined ? this.#map(schema) : this.object(schema, 'struct');
      case 'array':
        return this.#array(schema);
      case 'string':
        return stringSteps[schema.format ?? ''] ?? plainString;
      case 'integer':
        return schema.format === 'int32' ? int32 : int64;
      case 'number':
        return float;
      case 'boolean':
        return boolean;
      default:
        return keep;
    }
  }

  /** @param definition the name of the schema, where it has one */
  object(schema: Schema, owner: string, definition?: string): Step {
    const properties = new Map<string, Property>();
    const members = definition === undefined ? undefined : goMembers(definition);
    for (const [name, property] of Object.entries(schema.properties ?? {}))
      properties.set(name, {
        step: this.step(property),
        keepsEmpty:
          (schema.required?.includes(name) === true && members?.nulls.has(name) !== true) ||
          members?.isSeenEmpty(name) === true,
        dropsZero: members !== undefined && !members.kept.has(name) && isScalar(property),
      });
    const always = alwaysWritten(schema, members);
    const structs = structsOf(members, properties);
    const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
    return (value, parent, walk) => {
      if (!isRecord(value)) throw mismatch(value, parent, goStruct(owner));
      const result: Record<string, unknown> = walk.owned ? value : {};
      const place: Place = { parent, segment: '', owner };
      let leftOut: string[] | undefined;
      for (const name in value) {
        const field = value[name];
        const property = properties.get(name);
        place.segment = name;
        let next: unknown = drop;
        if (property === undefined) {
          if (preserves) next = field;
          else walk.unknownFields.push(pathOf(place));
        } else if (field !== undefined && field !== null) {
          next = property.step(field, place, walk);
          if (next === drop && property.keepsEmpty) next = emptyOf(field);
          else if (property.dropsZero && (next === '' || next === 0 || next === false)) next = drop;
        }
        if (next !== drop) {
          if (next !== field || !walk.owned) define(result, name, next);
        } else if (walk.owned) {
          leftOut ??= [];
          leftOut.push(name);
        }
      }
      const whole = leftOut === undefined ? result : without(result, leftOut);
      for (const { name, zero } of always) whole[name] ??= zero;
      for (const { name, step } of structs)
        if (whole[name] === undefined) whole[name] = step({}, undefined, walk);
      return whole;
    };
  }

  // Definitions refer to themselves (JSONSchemaProps), so a step is made when it is first walked.
  #definition(name: string): Step {
    const known = this.#definitions.get(name);
    if (known !== undefined) return known;
    let made: Step | undefined;
    const lazy: Step = (value, place, walk) => {
      made ??= this.#make(name);
      return made(value, place, walk);
    };
    this.#definitions.set(name, lazy);
    return lazy;
  }

  #make(name: string): Step {
    const schema = this.#source.resolve(name);
    return schema.type === 'object' && schema.properties !== undefined
      ? this.object(schema, name, name)
      : this.step(schema);
  }

  #map(schema: Schema): Step {
    if (typeof schema.additionalProperties !== 'object') return keep;
    const step = this.step(schema.additionalProperties);
    const goType = `map[string]${goTypeOf(schema.additionalProperties)}`;
    const { additionalProperties } = schema;
    return (value, parent, walk) => {
      if (!isRecord(value)) throw mismatch(value, parent, goType);
      const result: Record<string, unknown> = walk.owned ? value : {};
      const place: Place = { parent, segment: '', owner: undefined };
      let isEmpty = true;
      for (const key in value) {
        isEmpty = false;
        place.segment = key;
        const member = value[key];
        const next = step(member ?? zeroOf(additionalProperties), place, walk);
        if (next !== member || !walk.owned) define(result, key, next === drop ? emptyOf(member) : next);
      }
      return isEmpty ? drop : result;
    };
  }

  #array(schema: Schema): Step {
    const items = schema.items ?? {};
    const step = this.step(items);
    const goType = `[]${goTypeOf(items)}`;
    return (value, parent, walk) => {
      if (!Array.isArray(value)) throw mismatch(value, parent, goType);
      if (value.length === 0) return drop;
      const place: Place = { parent, segment: 0, owner: undefined };
      const walkItem = (item: unknown, index: number): unknown => {
        place.segment = index;
        const next = step(item ?? zeroOf(items), place, walk);
        return next === drop ? emptyOf(item) : next;
      };
      if (!walk.owned) return value.map(walkItem);
      for (let i = 0; i < value.length; i++) value[i] = walkItem(value[i], i);
      return value;
    };
  }
}

function alwaysWritten(schema: Schema, members: GoMembers | undefined): AlwaysWritten[] {
  if (members === undefined) return [];
  const nulls = [...members.nulls].filter((name) => isNullWithout(schema, name));
  return [...nulls.map((name) => ({ name, zero: null })), ...zerosOf(schema, members)];
}

/** Pointers that must be there are left out when they are not, as nothing but an error comes of them. */
function isNullWithout({ properties, required }: Schema, member: string): boolean {
  const property = properties?.[member];
  if (property === undefined) return false;
  return property.type === 'array' || isTime(property) || required?.includes(member) !== true;
}

const times = new Set(['date-time', 'micro-time']);

function isTime({ format, $ref }: Schema): boolean {
  return times.has(format ?? '') || /\.(?:Micro)?Time$/.test($ref ?? '');
}

function zerosOf(schema: Schema, members: GoMembers): AlwaysWritten[] {
  const names = Object.keys(schema.properties ?? {}).filter(
    (name) => schema.required?.includes(name) || members.isAlwaysThere(name),
  );
  return names.flatMap((name) => {
    const property = schema.properties?.[name];
    if (property === undefined || members.isNullable(name)) return [];
    const isQuantity = property.format === 'quantity' || property.$ref?.endsWith('.Quantity') === true;
    // Bytes that are not there are null, and are refused.
    const isZero = members.kept.has(name) && isScalar(property) && property.format !== 'byte';
    return isZero || isQuantity ? [{ name, zero: zeroOf(property) }] : [];
  });
}

/** The structs of a type, and how they come out when nothing is in them. */
function structsOf(
  members: GoMembers | undefined,
  properties: ReadonlyMap<string, Property>,
): { readonly name: string; readonly step: Step }[] {
  return [...(members?.structs ?? [])].flatMap((name) => {
    const property = properties.get(name);
    return property === undefined ? [] : [{ name, step: property.step }];
  });
}

const structFormats = new Set(['date-time', 'micro-time', 'quantity', 'int-or-string']);

/** True for what Go has as a string, number, boolean or bytes rather than as a struct. */
function isScalar({ type, format, 'x-kubernetes-int-or-string': intOrString }: Schema): boolean {
  if (intOrString || (format !== undefined && structFormats.has(format))) return false;
  return type === 'string' || type === 'integer' || type === 'number' || type === 'boolean';
}

const keep: Step = (value) => value;

const plainString: Step = (value, place) => {
  if (typeof value !== 'string') throw mismatch(value, place, isUid(place) ? 'types.UID' : 'string');
  return value;
};

/** Go gives uids a type of their own, but for those of users. */
function isUid(place: Place | undefined): boolean {
  return place?.segment === 'uid' && place.owner?.endsWith('.UserInfo') === false;
}

const boolean: Step = (value, place) => {
  if (typeof value !== 'boolean') throw mismatch(value, place, 'bool');
  return value;
};

const float: Step = (value, place) => {
  if (value instanceof NumberLiteral) return value.toJSON();
  if (typeof value !== 'number') throw mismatch(value, place, 'float64');
  return value;
};

const int32: Step = (value, place) => {
  if (typeof value !== 'number') throw mismatch(value, place, 'int32', numberText(value));
  if ((value | 0) !== value) throw mismatch(value, place, 'int32', `number ${value}`);
  return value;
};

const int64: Step = (value, place) => {
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value) throw mismatch(value, place, 'int64', `number ${value}`);
    return value;
  }
  if (typeof value !== 'number') throw mismatch(value, place, 'int64', numberText(value));
  if (!Number.isInteger(value)) throw mismatch(value, place, 'int64', `number ${value}`);
  return value;
};

/** How the decoder of Go shows a number that does not fit; undefined for what is none. */
function numberText(value: unknown): string | undefined {
  const text = typeof value === 'bigint' ? String(value) : literalOf(value);
  return text === undefined ? undefined : `number ${text}`;
}

function literalOf(value: unknown): string | undefined {
  return value instanceof NumberLiteral ? value.text : undefined;
}

const intOrString: Step = (value, place, walk) =>
  typeof value === 'string' ? value : int32(value, place, walk);

const quantity: Step = (value) => {
  // Go's reader takes the JSON itself for the text.
  const text = typeof value === 'string' ? value : (literalOf(value) ?? encodeJson(value).replace('e+', 'e'));
  try {
    return canonicalQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) throw badRequest(error.message);
    throw error;
  }
};

/** Microseconds have six digits: what stands there instead, or nothing where they do. */
function unreadFraction(text: string): string | undefined {
  const rest = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(.*)$/s.exec(text)?.[1];
  return rest === undefined || /^[.,]\d{6}/.test(rest) ? undefined : rest;
}

function timeStep(format: (milliseconds: number) => string, layout: string): Step {
  const isMicro = layout.includes('.000000');
  return (value, place, walk) => {
    const text = plainString(value, place, walk) as string;
    const milliseconds = parseTime(text);
    const unread = isMicro ? unreadFraction(text) : undefined;
    if (unread !== undefined)
      throw badRequest(
        `parsing time ${JSON.stringify(text)} as "${layout}": cannot parse ${JSON.stringify(unread)} as ".000000"`,
      );
    if (milliseconds === undefined)
      throw badRequest(
        `parsing time ${JSON.stringify(text)} as "${layout}": cannot parse ${JSON.stringify(text)} as "2006"`,
      );
    return format(milliseconds);
  };
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const bytes: Step = (value, place, walk) => {
  const text = (plainString(value, place, walk) as string).replace(/[\r\n]/g, '');
  if (!base64.test(text)) {
    const wrong = text.search(/[^A-Za-z0-9+/]/);
    throw badRequest(
      `illegal base64 data at input byte ${wrong < 0 ? text.length - (text.length % 4) : wrong}`,
    );
  }
  return text;
};

const stringSteps: Readonly<Record<string, Step>> = {
  quantity,
  'date-time': timeStep(formatTime, '2006-01-02T15:04:05Z07:00'),
  'micro-time': timeStep(formatMicroTime, '2006-01-02T15:04:05.000000Z07:00'),
  byte: bytes,
};

/** `spec.containers[0].image`, as errors of unknown fields show it. */
function pathOf(place: Place | undefined): string {
  if (place === undefined) return '';
  const before = pathOf(place.parent);
  if (typeof place.segment === 'number') return `${before}[${place.segment}]`;
  return before === '' ? place.segment : `${before}.${place.segment}`;
}

/** `PodSpec.spec.containers.image`, as Go's decoder shows it: fields only, behind the innermost struct. */
function goFieldOf(place: Place | undefined): string {
  const fields: string[] = [];
  let owner: string | undefined;
  for (let at = place; at !== undefined; at = at.parent) {
    if (at.owner === undefined) continue;
    owner ??= at.owner;
    fields.unshift(String(at.segment));
  }
  if (owner === undefined) return 'Go value';
  return `Go struct field ${owner.slice(owner.lastIndexOf('.') + 1)}.${fields.join('.')}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral)
  );
}

/** What Go calls the JSON value. */
function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' || value instanceof NumberLiteral ? 'number' : typeof value;
}

function mismatch(
  value: unknown,
  place: Place | undefined,
  goType: string,
  shown = jsonTypeOf(value),
): Error {
  return badRequest(`json: cannot unmarshal ${shown} into ${goFieldOf(place)} of type ${goType}`);
}

/** `io.k8s.api.core.v1.PodSpec` is `v1.PodSpec` to Go. */
function goStruct(definition: string): string {
  return definition.split('.').slice(-2).join('.');
}

function goTypeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return goStruct(schema.$ref);
  if (schema.type === 'array') return `[]${goTypeOf(schema.items ?? {})}`;
  if (schema.type === 'integer') return schema.format ?? 'int64';
  if (schema.type === 'boolean') return 'bool';
  return schema.format === 'byte' ? '[]uint8' : (schema.type ?? 'interface {}');
}

/** A copy, as objects that lose members become slow. */
function without(object: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name in object) if (!names.includes(name)) define(result, name, object[name]);
  return result;
}

/** What Go has in place of a null item of a list or a map. */
function zeroOf(schema: Schema): unknown {
  if (schema.format === 'quantity' || schema.$ref?.endsWith('.Quantity')) return '0';
  if (schema.type === 'string') return '';
  if (schema.type === 'integer' || schema.type === 'number') return 0;
  if (schema.type === 'boolean') return false;
  return schema.type === 'array' ? [] : {};
}

function emptyOf(value: unknown): unknown {
  return Array.isArray(value) ? [] : {};
}

/** Sets an own property even for the key `__proto__`. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}
