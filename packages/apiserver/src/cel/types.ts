import type { DeclaredType } from './schema/declared-type.js';

/** What the checker says of an expression. Two types are the same when {@link sameType} says so. */
export type CelType = SimpleType | ListType | MapType | ObjectType | OpaqueType | TypeOfType | TypeParameter;

export interface SimpleType {
  readonly kind: SimpleKind;
}
type SimpleKind =
  | 'dyn'
  | 'error'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration';

export interface ListType {
  readonly kind: 'list';
  readonly element: CelType;
}

export interface MapType {
  readonly kind: 'map';
  readonly key: CelType;
  readonly value: CelType;
}

/** A type with named fields: of a schema, of a library's own values (which have none), or one that can be made. */
export interface ObjectType {
  readonly kind: 'object';
  readonly name: string;
  /** By their name in CEL (escaped). Lazily, as schemas can be large and can hold themselves. */
  fields(): ObjectFields;
  /** Whether expressions may make values of it: `Name{field: value}`. */
  readonly constructible?: boolean;
}

/** Fields by name; a type that can have any field answers every name. */
export type ObjectFields = Pick<ReadonlyMap<string, ObjectField>, 'get' | 'has'>;

export interface ObjectField {
  /** The property's name in JSON. */
  readonly name: string;
  readonly type: CelType;
  /** What a schema says besides: sizes, and how JSON becomes a value. */
  readonly declared?: DeclaredType;
}

/** A type with parameters and without fields: `optional_type(int)`, `net.IP`. */
export interface OpaqueType {
  readonly kind: 'opaque';
  readonly name: string;
  readonly parameters: readonly CelType[];
}

/** The type of a type: `type(1)` is `type(int)`. */
export interface TypeOfType {
  readonly kind: 'type';
  readonly of: CelType | undefined;
}

export interface TypeParameter {
  readonly kind: 'parameter';
  readonly name: string;
}

export const DYN: SimpleType = { kind: 'dyn' };
export const ERROR: SimpleType = { kind: 'error' };
export const NULL: SimpleType = { kind: 'null' };
export const BOOL: SimpleType = { kind: 'bool' };
export const INT: SimpleType = { kind: 'int' };
export const UINT: SimpleType = { kind: 'uint' };
export const DOUBLE: SimpleType = { kind: 'double' };
export const STRING: SimpleType = { kind: 'string' };
export const BYTES: SimpleType = { kind: 'bytes' };
export const TIMESTAMP: SimpleType = { kind: 'timestamp' };
export const DURATION: SimpleType = { kind: 'duration' };

export function listOf(element: CelType): ListType {
  return { kind: 'list', element };
}

export function mapOf(key: CelType, value: CelType): MapType {
  return { kind: 'map', key, value };
}

export function optionalOf(type: CelType): OpaqueType {
  return { kind: 'opaque', name: 'optional_type', parameters: [type] };
}

export function opaqueType(name: string): OpaqueType {
  return { kind: 'opaque', name, parameters: [] };
}

export function typeOfType(of: CelType | undefined): TypeOfType {
  return { kind: 'type', of };
}

export function parameter(name: string): TypeParameter {
  return { kind: 'parameter', name };
}

const noFields: ReadonlyMap<string, ObjectField> = new Map();

/** An object type; without fields it is a library's own. */
export function objectType(name: string, fields?: () => ObjectFields): ObjectType {
  return { kind: 'object', name, fields: fields ?? (() => noFields) };
}

export function isOptional(type: CelType): type is OpaqueType {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

/** The type inside of an optional, or the type itself. */
export function unwrapOptional(type: CelType): CelType {
  return isOptional(type) ? (type.parameters[0] ?? DYN) : type;
}

/** The name by which expressions know a type. */
export function typeName(type: CelType): string {
  switch (type.kind) {
    case 'object':
    case 'opaque':
    case 'parameter':
      return type.name;
    case 'null':
      return 'null_type';
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'duration':
      return 'google.protobuf.Duration';
    case 'error':
      return '!error!';
    default:
      return type.kind;
  }
}

/** The type as problems name it: `list(int)`, `map(string, dyn)`. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${formatType(type.element)})`;
    case 'map':
      return `map(${formatType(type.key)}, ${formatType(type.value)})`;
    case 'opaque':
      return type.parameters.length === 0
        ? type.name
        : `${type.name}(${type.parameters.map(formatType).join(', ')})`;
    case 'type':
      return type.of === undefined ? 'type' : `type(${formatType(type.of)})`;
    case 'null':
    case 'timestamp':
    case 'duration':
      return type.kind;
    default:
      return typeName(type);
  }
}

/** The type as Kubernetes' own messages name it. */
export function describeType(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${describeType(type.element)})`;
    case 'map':
      return `map(${describeType(type.key)}, ${describeType(type.value)})`;
    case 'opaque':
      return type.parameters.length === 0
        ? type.name
        : `${type.name}(${type.parameters.map(describeType).join(', ')})`;
    default:
      return typeName(type);
  }
}

export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'list':
      return sameType(a.element, (b as ListType).element);
    case 'map':
      return sameType(a.key, (b as MapType).key) && sameType(a.value, (b as MapType).value);
    case 'object':
    case 'parameter':
      return a.name === (b as ObjectType).name;
    case 'opaque':
      return a.name === (b as OpaqueType).name && sameTypes(a.parameters, (b as OpaqueType).parameters);
    case 'type': {
      const { of } = b as TypeOfType;
      return a.of === undefined || of === undefined ? a.of === of : sameType(a.of, of);
    }
    default:
      return true;
  }
}

function sameTypes(a: readonly CelType[], b: readonly CelType[]): boolean {
  return a.length === b.length && a.every((type, index) => sameType(type, b[index]!));
}
