import protobuf, { type Writer } from 'protobufjs/minimal.js';
import { any, extensions, flag, type Json, list, named, nested, text, texts } from './gnostic-writer.js';

/** The media type that kubectl before 1.30 asks `/openapi/v2` for, and takes nothing else. */
export const swaggerProtobufType = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
/** The one of the answer: an `@` is no part of a media type, and clients parse it. */
export const swaggerProtobufAnswerType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/**
 * An OpenAPI 2.0 document as the protobuf message that gnostic defines for it. Written are the members that
 * {@link swaggerDocument} makes; there is no reader, the form is for those clients only.
 */
export function encodeSwagger(document: object): Uint8Array {
  const { swagger, info, paths, definitions, parameters, security, securityDefinitions } = document as Record<
    string,
    Json
  >;
  const writer = protobuf.Writer.create();
  text(writer, 1, swagger);
  nested(writer, 2, () => {
    text(writer, 1, info?.title);
    text(writer, 2, info?.version);
  });
  nested(writer, 8, () => {
    for (const [path, item] of Object.entries(paths ?? {}))
      named(writer, 2, path, () => pathItem(writer, item as Json));
  });
  nested(writer, 9, () => namedSchemas(writer, definitions));
  nested(writer, 10, () => {
    for (const [name, value] of Object.entries(parameters ?? {}))
      named(writer, 1, name, () => parameter(writer, value as Json));
  });
  for (const requirement of list(security))
    nested(writer, 12, () => {
      for (const [name, scopes] of Object.entries(requirement))
        named(writer, 1, name, () => texts(writer, 1, scopes));
    });
  nested(writer, 13, () => {
    for (const [name, value] of Object.entries(securityDefinitions ?? {}))
      named(writer, 1, name, () => apiKey(writer, value as Json));
  });
  return writer.finish();
}

/** The one form of a security definition that the document has. */
function apiKey(writer: Writer, value: Json): void {
  nested(writer, 2, () => {
    text(writer, 1, value.type);
    text(writer, 2, value.name);
    text(writer, 3, value.in);
    text(writer, 4, value.description);
  });
}

function pathItem(writer: Writer, item: Json): void {
  const numbers = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 };
  for (const [method, number] of Object.entries(numbers))
    if (item[method] !== undefined) nested(writer, number, () => operation(writer, item[method] as Json));
  for (const one of list(item.parameters)) parameterItem(writer, 9, one);
}

function operation(writer: Writer, value: Json): void {
  texts(writer, 1, value.tags);
  text(writer, 3, value.description);
  text(writer, 5, value.operationId);
  texts(writer, 6, value.produces);
  texts(writer, 7, value.consumes);
  for (const one of list(value.parameters)) parameterItem(writer, 8, one);
  nested(writer, 9, () => {
    for (const [code, answer] of Object.entries(value.responses ?? {}))
      named(writer, 1, code, () => nested(writer, 1, () => response(writer, answer as Json)));
  });
  texts(writer, 10, value.schemes);
  extensions(writer, 13, value);
}

function response(writer: Writer, value: Json): void {
  text(writer, 1, value.description);
  if (value.schema !== undefined)
    nested(writer, 2, () => nested(writer, 1, () => schema(writer, value.schema as Json)));
}

/** A ParametersItem: the parameter, or where it stands. */
function parameterItem(writer: Writer, number: number, value: Json): void {
  nested(writer, number, () => {
    if (value.$ref === undefined) nested(writer, 1, () => parameter(writer, value));
    else nested(writer, 2, () => text(writer, 1, value.$ref));
  });
}

/** A Parameter around the form of its place: body, query or path. */
function parameter(writer: Writer, value: Json): void {
  if (value.in === 'body') {
    nested(writer, 1, () => {
      text(writer, 1, value.description);
      text(writer, 2, value.name);
      text(writer, 3, value.in);
      flag(writer, 4, value.required);
      nested(writer, 5, () => schema(writer, value.schema as Json));
    });
    return;
  }
  const inPath = value.in === 'path';
  nested(writer, 2, () =>
    nested(writer, inPath ? 4 : 3, () => {
      flag(writer, 1, value.required);
      text(writer, 2, value.in);
      text(writer, 3, value.description);
      text(writer, 4, value.name);
      text(writer, inPath ? 5 : 6, value.type);
      flag(writer, inPath ? 19 : 20, value.uniqueItems);
    }),
  );
}

const lengths = { maxLength: 11, minLength: 12, maxItems: 14, minItems: 15 };

function schema(writer: Writer, value: Json): void {
  text(writer, 1, value.$ref);
  text(writer, 2, value.format);
  text(writer, 3, value.title);
  text(writer, 4, value.description);
  if (value.default !== undefined) nested(writer, 5, () => any(writer, value.default));
  if (typeof value.maximum === 'number') writer.uint32((7 << 3) | 1).double(value.maximum);
  if (typeof value.minimum === 'number') writer.uint32((9 << 3) | 1).double(value.minimum);
  for (const [name, number] of Object.entries(lengths))
    if (typeof value[name] === 'number') writer.uint32(number << 3).int64(value[name]);
  text(writer, 13, value.pattern);
  texts(writer, 19, value.required);
  for (const one of Array.isArray(value.enum) ? value.enum : []) nested(writer, 20, () => any(writer, one));
  const values = value.additionalProperties;
  if (typeof values === 'boolean') nested(writer, 21, () => writer.uint32(0x10).bool(values));
  else if (values !== undefined)
    nested(writer, 21, () => nested(writer, 1, () => schema(writer, values as Json)));
  if (value.type !== undefined) nested(writer, 22, () => text(writer, 1, value.type));
  if (value.items !== undefined)
    nested(writer, 23, () => nested(writer, 1, () => schema(writer, value.items as Json)));
  if (value.properties !== undefined)
    nested(writer, 25, () => namedSchemas(writer, value.properties as Json));
  extensions(writer, 31, value);
}

function namedSchemas(writer: Writer, map: Json | undefined): void {
  for (const [name, value] of Object.entries(map ?? {}))
    named(writer, 1, name, () => schema(writer, value as Json));
}
