import type { Schema } from './schema.js';

/** JSON Schema as authors and TypeBox write it, unread. */
type JsonSchema = Readonly<Record<string, unknown>>;

/** What stays as it is. */
const copied = [
  'type',
  'format',
  'title',
  'description',
  'default',
  'enum',
  'nullable',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'required',
] as const;

/**
 * Plain JSON Schema, such as TypeBox makes, in the form that Kubernetes knows: literals are enums, unions of them one
 * enum, a union with null is nullable, one of integers and strings an int-or-string, records are additionalProperties,
 * intersections one object, exclusive bounds flags. What Kubernetes has no form for stays what it is: a server checks
 * it all the same, but a CustomResourceDefinition can't say it.
 * @throws Error for references, which no definition may have
 */
export function fromJsonSchema(given: JsonSchema): Schema {
  const merged = withoutIntersection(given);
  for (const name of ['$ref', '$dynamicRef', '$defs'])
    if (merged[name] !== undefined) throw new Error(`a schema of a kind can't refer to others (${name})`);
  const union = unionOf(merged);
  if (union !== undefined) return union;
  const schema: Record<string, unknown> = {};
  for (const name of copied) if (merged[name] !== undefined) schema[name] = merged[name];
  for (const [name, value] of Object.entries(merged))
    if (name.startsWith('x-kubernetes-')) schema[name] = value;
  if (Array.isArray(merged.type)) Object.assign(schema, typeOfSeveral(merged.type as string[]));
  if ('const' in merged) Object.assign(schema, enumOf([merged.const]));
  else if (Array.isArray(merged.enum) && merged.type === undefined)
    Object.assign(schema, enumOf(merged.enum));
  bound(schema, merged, 'minimum', 'exclusiveMinimum');
  bound(schema, merged, 'maximum', 'exclusiveMaximum');
  if (merged.uniqueItems === true && schema['x-kubernetes-list-type'] === undefined)
    schema['x-kubernetes-list-type'] = 'set';
  if (isRecord(merged.items)) schema.items = fromJsonSchema(merged.items);
  for (const name of ['anyOf', 'oneOf', 'allOf'] as const)
    if (Array.isArray(merged[name])) schema[name] = (merged[name] as JsonSchema[]).map(fromJsonSchema);
  if (isRecord(merged.not)) schema.not = fromJsonSchema(merged.not);
  members(schema, merged);
  if (isOpen(schema)) schema['x-kubernetes-preserve-unknown-fields'] = true;
  return schema as Schema;
}

function members(
  schema: Record<string, unknown>,
  { properties, patternProperties, additionalProperties }: JsonSchema,
): void {
  if (isRecord(properties))
    schema.properties = Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, fromJsonSchema(one as JsonSchema)]),
    );
  // A record: one pattern for all keys.
  const patterns = isRecord(patternProperties) ? Object.values(patternProperties) : [];
  if (patterns.length === 1 && isRecord(patterns[0]))
    schema.additionalProperties = fromJsonSchema(patterns[0]);
  else if (isRecord(additionalProperties) && properties === undefined)
    schema.additionalProperties = fromJsonSchema(additionalProperties);
}

/** Whether a schema says nothing of the members that an object may have: JSON Schema then allows all. */
function isOpen(schema: Readonly<Record<string, unknown>>): boolean {
  const typed =
    schema.type !== undefined || schema['x-kubernetes-int-or-string'] === true || schema.enum !== undefined;
  if (schema.type !== 'object' && typed) return false;
  return schema.properties === undefined && schema.additionalProperties === undefined;
}

/** A union in Kubernetes' own form; undefined where it has none. */
function unionOf(schema: JsonSchema): Schema | undefined {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return undefined;
  const all = anyOf as JsonSchema[];
  const others = all.filter(({ type }) => type !== 'null');
  const nullable = others.length < all.length ? { nullable: true } : {};
  const [only] = others;
  if (others.length === 1 && only !== undefined)
    return { ...fromJsonSchema({ ...only, ...rest }), ...nullable };
  if (others.length > 0 && others.every((one) => 'const' in one)) {
    const own = enumOf(others.map((one) => one.const));
    return own.type === undefined ? undefined : { ...fromJsonSchema({ ...rest, ...own }), ...nullable };
  }
  const types = others.map(({ type }) => type).sort();
  const arePlain = others.every((one) => Object.keys(one).every((name) => name === 'type'));
  if (arePlain && types.join() === 'integer,string')
    return { ...copiedOf(rest), 'x-kubernetes-int-or-string': true, ...nullable } as Schema;
  return undefined;
}

function copiedOf(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    copied.flatMap((name) => (schema[name] === undefined ? [] : [[name, schema[name]]])),
  );
}

function typeOfSeveral(types: readonly string[]): JsonSchema {
  const others = types.filter((type) => type !== 'null');
  const nullable = others.length < types.length ? { nullable: true } : {};
  if (others.length === 1) return { type: others[0], ...nullable };
  if ([...others].sort().join() === 'integer,string')
    return { type: undefined, 'x-kubernetes-int-or-string': true, ...nullable };
  return { type: undefined, anyOf: others.map((type) => ({ type })), ...nullable };
}

function enumOf(values: readonly unknown[]): { readonly type?: string; readonly enum: readonly unknown[] } {
  const types = [...new Set(values.map(typeOfValue))];
  return types.length === 1 && types[0] !== undefined ? { type: types[0], enum: values } : { enum: values };
}

function typeOfValue(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'string' || typeof value === 'boolean' ? typeof value : undefined;
}

/** JSON Schema's exclusive bound is a number, OpenAPI's a flag beside the bound. */
function bound(schema: Record<string, unknown>, given: JsonSchema, name: string, exclusive: string): void {
  if (typeof given[exclusive] === 'number') {
    schema[name] = given[exclusive];
    schema[exclusive] = true;
  } else {
    if (given[name] !== undefined) schema[name] = given[name];
    if (given[exclusive] === true) schema[exclusive] = true;
  }
}

/** An intersection of objects is one object with the properties of all. */
function withoutIntersection(schema: JsonSchema): JsonSchema {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf) || !allOf.every((one) => isRecord(one) && isRecord(one.properties)))
    return schema;
  const parts = [...(allOf as JsonSchema[]).map(withoutIntersection), rest];
  const properties = Object.assign({}, ...parts.map((part) => part.properties ?? {})) as JsonSchema;
  const required = [...new Set(parts.flatMap((part) => (part.required as string[] | undefined) ?? []))];
  return { ...rest, type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

function isRecord(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
