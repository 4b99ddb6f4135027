import protobuf, { type Writer } from 'protobufjs/minimal.js';
import { any, extensions, flag, type Json, list, named, nested, text, texts } from './gnostic-writer.js';

/** The media types that Go clients ask a document of version 3 in, the older one with an `@`, and that of the answer. */
export const openApiProtobufTypes = [
  'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
] as const;
export const openApiProtobufAnswerType = openApiProtobufTypes[1];

/**
 * An OpenAPI 3.0 document as the protobuf message that gnostic defines for it. Written are the members that our
 * documents have; there is no reader, the form is for those clients only.
 */
export function encodeOpenApi(document: object): Uint8Array {
  const { openapi, info, paths, components, security } = document as Readonly<Record<string, Json>>;
  const writer = protobuf.Writer.create();
  text(writer, 1, openapi);
  nested(writer, 2, () => {
    text(writer, 1, info?.title);
    text(writer, 6, info?.version);
  });
  nested(writer, 4, () => {
    for (const [path, item] of Object.entries(paths ?? {}))
      named(writer, 1, path, () => pathItem(writer, item as Json));
  });
  nested(writer, 5, () => {
    nested(writer, 1, () => namedSchemas(writer, components?.schemas));
    nested(writer, 7, () => {
      for (const [name, scheme] of Object.entries(components?.securitySchemes ?? {}))
        named(writer, 1, name, () => nested(writer, 1, () => securityScheme(writer, scheme as Json)));
    });
  });
  for (const requirement of list(security))
    nested(writer, 6, () => {
      for (const [name, scopes] of Object.entries(requirement))
        named(writer, 1, name, () => texts(writer, 1, scopes));
    });
  return writer.finish();
}

const methods = { get: 4, put: 5, post: 6, delete: 7, options: 8, head: 9, patch: 10 };

function pathItem(writer: Writer, item: Json): void {
  for (const [method, number] of Object.entries(methods))
    if (item[method] !== undefined) nested(writer, number, () => operation(writer, item[method] as Json));
  for (const one of list(item.parameters)) parameter(writer, 13, one);
}

function operation(writer: Writer, value: Json): void {
  texts(writer, 1, value.tags);
  text(writer, 5, value.operationId);
  for (const one of list(value.parameters)) parameter(writer, 6, one);
  const body = value.requestBody as Json | undefined;
  if (body !== undefined)
    nested(writer, 7, () =>
      nested(writer, 1, () => {
        content(writer, 2, body.content);
        flag(writer, 3, body.required);
      }),
    );
  nested(writer, 8, () => {
    for (const [code, answer] of Object.entries(value.responses ?? {}))
      named(writer, 2, code, () =>
        nested(writer, 1, () => {
          text(writer, 1, (answer as Json).description);
          content(writer, 3, (answer as Json).content);
        }),
      );
  });
  flag(writer, 10, value.deprecated);
  extensions(writer, 13, value);
}

function parameter(writer: Writer, number: number, value: Json): void {
  nested(writer, number, () =>
    nested(writer, 1, () => {
      text(writer, 1, value.name);
      text(writer, 2, value.in);
      flag(writer, 4, value.required);
      nested(writer, 10, () => schemaOrReference(writer, value.schema as Json));
    }),
  );
}

function content(writer: Writer, number: number, types: unknown): void {
  if (types === undefined) return;
  nested(writer, number, () => {
    for (const [type, { schema }] of Object.entries(types as Readonly<Record<string, Json>>))
      named(writer, 1, type, () => {
        if (schema !== undefined) nested(writer, 1, () => schemaOrReference(writer, schema as Json));
      });
  });
}

function securityScheme(writer: Writer, value: Json): void {
  text(writer, 1, value.type);
  text(writer, 3, value.name);
  text(writer, 4, value.in);
}

function schemaOrReference(writer: Writer, value: Json): void {
  if (value.$ref === undefined || typeof value.$ref !== 'string')
    nested(writer, 1, () => schema(writer, value));
  else nested(writer, 2, () => text(writer, 1, value.$ref));
}

const lengths = {
  maxLength: 15,
  minLength: 16,
  maxItems: 18,
  minItems: 19,
  maxProperties: 21,
  minProperties: 22,
};
const combinations = { allOf: 26, oneOf: 27, anyOf: 28 };

function schema(writer: Writer, value: Json): void {
  flag(writer, 1, value.nullable);
  text(writer, 9, value.title);
  if (typeof value.maximum === 'number') writer.uint32((11 << 3) | 1).double(value.maximum);
  if (typeof value.minimum === 'number') writer.uint32((13 << 3) | 1).double(value.minimum);
  text(writer, 17, value.pattern);
  for (const [name, number] of Object.entries(lengths))
    if (typeof value[name] === 'number') writer.uint32(number << 3).int64(value[name]);
  flag(writer, 20, value.uniqueItems);
  texts(writer, 23, value.required);
  for (const one of Array.isArray(value.enum) ? value.enum : []) nested(writer, 24, () => any(writer, one));
  text(writer, 25, value.type);
  for (const [name, number] of Object.entries(combinations))
    for (const one of list(value[name])) nested(writer, number, () => schemaOrReference(writer, one));
  if (value.items !== undefined)
    nested(writer, 30, () => nested(writer, 1, () => schemaOrReference(writer, value.items as Json)));
  if (value.properties !== undefined)
    nested(writer, 31, () => namedSchemas(writer, value.properties as Json));
  const values = value.additionalProperties;
  if (typeof values === 'boolean') nested(writer, 32, () => writer.uint32(0x10).bool(values));
  else if (values !== undefined)
    nested(writer, 32, () => nested(writer, 1, () => schemaOrReference(writer, values as Json)));
  if (isScalar(value.default)) nested(writer, 33, () => scalar(writer, value.default));
  text(writer, 34, value.description);
  text(writer, 35, value.format);
  extensions(writer, 36, value);
}

function namedSchemas(writer: Writer, map: unknown): void {
  for (const [name, value] of Object.entries((map ?? {}) as Readonly<Record<string, Json>>))
    named(writer, 1, name, () => schemaOrReference(writer, value));
}

/** Others have no form as a default. */
function isScalar(value: unknown): boolean {
  return ['number', 'boolean', 'string'].includes(typeof value);
}

function scalar(writer: Writer, value: unknown): void {
  if (typeof value === 'number') writer.uint32((1 << 3) | 1).double(value);
  else if (typeof value === 'boolean') writer.uint32(2 << 3).bool(value);
  else text(writer, 3, value);
}
