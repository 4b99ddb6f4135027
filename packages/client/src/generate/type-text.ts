import type { Schema } from '@kubewright/api';

/** The name by which the module at hand knows the type of a definition. */
export type NameOf = (definition: string) => string;

/**
 * The TypeScript type of a schema, as text. Optional properties take `undefined` too, so that code under
 * `exactOptionalPropertyTypes` may pass it. 64-bit integers are `number`: only values beyond 2^53 are bigints.
 */
export function typeText(schema: Schema, nameOf: NameOf, indent = ''): string {
  const text = notNullText(schema, nameOf, indent);
  return schema.nullable === true && text !== 'unknown' ? `${text} | null` : text;
}

/** The members of an object type, one a line, with documentation where the schema has descriptions. */
export function membersText(schema: Schema, nameOf: NameOf, indent: string): string {
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const type = typeText(property, nameOf, indent);
    const key = propertyKey(name);
    const member = required.has(name) ? `${key}: ${type};` : `${key}?: ${withUndefined(type)};`;
    return `${documentation(property.description, indent)}${indent}${member}\n`;
  });
  return members.join('');
}

/** A description as a documentation comment that ends in a line break, or nothing. */
export function documentation(description: string | undefined, indent: string): string {
  if (description === undefined || description === '') return '';
  const lines = description.replaceAll('*/', '*\\/').split('\n');
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}

function notNullText(schema: Schema, nameOf: NameOf, indent: string): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string')
    return 'number | string';
  if (schema.format === 'quantity') return 'string | number';
  if (schema.enum !== undefined && schema.enum.length > 0) return enumText(schema.enum);
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'number':
      return schema.type;
    case 'integer':
      return 'number';
    case 'array':
      return arrayText(schema.items === undefined ? 'unknown' : typeText(schema.items, nameOf, indent));
    case 'object':
      return objectText(schema, nameOf, indent);
    default:
      return schema.properties === undefined
        ? alternativesText(schema, nameOf, indent)
        : objectText(schema, nameOf, indent);
  }
}

function objectText(schema: Schema, nameOf: NameOf, indent: string): string {
  const extra = extraText(schema, nameOf, indent);
  if (schema.properties === undefined || Object.keys(schema.properties).length === 0)
    return `Record<string, ${extra ?? 'unknown'}>`;
  const inner = `${indent}  `;
  const members = membersText(schema, nameOf, inner);
  // Named properties need not fit the type of the others, so an index signature can only be unknown.
  const index = extra === undefined ? '' : `${inner}[key: string]: unknown;\n`;
  return `{\n${members}${index}${indent}}`;
}

/** The type of properties that have no name of their own; undefined where there are none. */
function extraText(schema: Schema, nameOf: NameOf, indent: string): string | undefined {
  if (typeof schema.additionalProperties === 'object')
    return typeText(schema.additionalProperties, nameOf, indent);
  if (schema.additionalProperties === true || schema['x-kubernetes-preserve-unknown-fields'] === true)
    return 'unknown';
  return undefined;
}

function alternativesText(schema: Schema, nameOf: NameOf, indent: string): string {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives === undefined || alternatives.length === 0) return 'unknown';
  const texts = [...new Set(alternatives.map((alternative) => typeText(alternative, nameOf, indent)))];
  return texts.includes('unknown') ? 'unknown' : texts.join(' | ');
}

function arrayText(item: string): string {
  return /^[\w$.]+$/.test(item) ? `${item}[]` : `Array<${item}>`;
}

function enumText(values: readonly unknown[]): string {
  return values
    .map((value) => (typeof value === 'string' ? quoted(value) : JSON.stringify(value)))
    .join(' | ');
}

function withUndefined(type: string): string {
  return type === 'unknown' ? type : `${type} | undefined`;
}

function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

/** A string literal in single quotes. */
export function quoted(text: string): string {
  const body = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return `'${body}'`;
}
