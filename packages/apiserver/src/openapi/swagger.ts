import { createHash } from 'node:crypto';
import type {
  OpenAPIObject,
  OperationObject,
  ParameterObject,
  PathItemObject,
  SchemaObject,
} from 'openapi3-ts/oas30';
import { customTypes } from './paths.js';

/**
 * OpenAPI 2.0 made of documents in OpenAPI 3.0: all definitions and paths in one, and what many operations take said
 * once.
 */
export function swaggerDocument(
  documents: readonly OpenAPIObject[],
  info: { readonly title: string; readonly version: string },
): object {
  const definitions: Record<string, unknown> = {};
  const paths: Record<string, PathItem2> = {};
  for (const document of documents) {
    for (const [name, schema] of Object.entries(document.components?.schemas ?? {}))
      definitions[name] ??= schema2(schema);
    for (const [path, item] of Object.entries(document.paths))
      paths[path] = pathItem2(item as PathItemObject);
  }
  const parameters = shareParameters(Object.values(paths));
  const schemes = documents[0]?.components?.securitySchemes ?? {};
  return {
    swagger: '2.0',
    info,
    paths: sorted(paths),
    definitions: sorted(definitions),
    parameters: sorted(parameters),
    securityDefinitions: schemes,
    security: Object.keys(schemes).map((name) => ({ [name]: [] })),
  };
}

/** A parameter, or where it stands. */
type Parameter2 = { readonly name: string; readonly [member: string]: unknown } | { readonly $ref: string };

interface Operation2 {
  parameters?: Parameter2[];
  readonly [member: string]: unknown;
}

type PathItem2 = { parameters?: Parameter2[] } & { [method in (typeof methods)[number]]?: Operation2 };

/** Clients of old look for these where an operation lists its parameters, and follow no reference. */
const neverShared: ReadonlySet<string> = new Set(['dryRun', 'fieldValidation']);

/** What is said less often stays where it is. */
const sharedFrom = 10;

/** Puts references in the place of parameters that occur often. @returns these by their names */
function shareParameters(items: readonly PathItem2[]): Record<string, Parameter2> {
  const lists: { parameters?: Parameter2[] }[] = [...items];
  for (const item of items)
    for (const method of methods) if (item[method] !== undefined) lists.push(item[method]);
  const seen = new Map<string, number>();
  for (const { parameters = [] } of lists)
    for (const parameter of parameters) {
      const text = JSON.stringify(parameter);
      seen.set(text, (seen.get(text) ?? 0) + 1);
    }
  const shared: Record<string, Parameter2> = {};
  const reference = (parameter: Parameter2): Parameter2 => {
    const text = JSON.stringify(parameter);
    const isRare = (seen.get(text) ?? 0) < sharedFrom;
    if (isRare || '$ref' in parameter || neverShared.has(parameter.name)) return parameter;
    const name = `${parameter.name}-${createHash('sha256').update(text).digest('base64url').slice(0, 8)}`;
    shared[name] = parameter;
    return { $ref: `#/parameters/${name}` };
  };
  for (const list of lists)
    if (list.parameters !== undefined) list.parameters = list.parameters.map(reference);
  return shared;
}

function sorted(map: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

function pathItem2(item: PathItemObject): PathItem2 {
  const result: PathItem2 = {};
  for (const method of methods) if (item[method] !== undefined) result[method] = operation2(item[method]);
  if (item.parameters !== undefined) result.parameters = parameters2(item.parameters as ParameterObject[]);
  return result;
}

function operation2(operation: OperationObject): Operation2 {
  const { parameters: own = [], requestBody, responses, ...rest } = operation;
  const body = requestBody !== undefined && 'content' in requestBody ? requestBody : undefined;
  const content = Object.entries(body?.content ?? {});
  const schema = content[0]?.[1].schema;
  const ok = responses[200];
  const bodyParameter =
    schema === undefined
      ? []
      : [
          {
            name: 'body',
            in: 'body',
            ...(body?.required ? { required: true } : {}),
            schema: schema2(schema),
          },
        ];
  const produces = Object.keys(ok?.content ?? {});
  const parameters = [...bodyParameter, ...parameters2(own as ParameterObject[])];
  // What is no resource, or a custom one, takes what it gives.
  const isOpen = operation['x-kubernetes-action'] !== undefined && !isCustom(produces);
  const reads = isOpen ? ['*/*'] : produces;
  return {
    ...rest,
    schemes: ['https'],
    consumes: content.length === 0 ? reads : content.map(([type]) => type),
    produces,
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([code, response]) => [code, response2(response)]),
    ),
  };
}

function isCustom(produces: readonly string[]): boolean {
  return produces.join() === customTypes.join();
}

function response2({
  description,
  content,
}: {
  description?: string;
  content?: Record<string, { schema?: unknown }>;
}) {
  const schema = Object.values(content ?? {})[0]?.schema;
  return { description, ...(schema === undefined ? {} : { schema: schema2(schema) }) };
}

/** In the order of their names. */
function parameters2(parameters: readonly ParameterObject[]): Parameter2[] {
  const flat = parameters.map(({ schema, ...rest }) => ({
    ...rest,
    ...(schema as SchemaObject | undefined),
  }));
  return flat.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * What 2.0 does not know is left out: `oneOf` and its like, `nullable`; a reference may have siblings. Upstream leaves
 * defaults out, too.
 */
function schema2(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(schema2);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { allOf, oneOf, anyOf, not: _not, nullable, ...all } = schema as SchemaObject;
  // It can't say that a value may be null besides, only nothing at all.
  const {
    type: _type,
    items: _items,
    properties: _properties,
    additionalProperties: _more,
    ...untyped
  } = all;
  const rest: SchemaObject = nullable || isOpen(all) ? untyped : all;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (key === 'default') continue;
    if (key === '$ref') result.$ref = String(value).replace('#/components/schemas/', '#/definitions/');
    else if (key === 'properties')
      result.properties = Object.fromEntries(
        Object.entries(value as object).map(([name, property]) => [name, schema2(property)]),
      );
    else if (key === 'items' || key === 'additionalProperties') result[key] = schema2(value);
    else result[key] = value;
  }
  // A kind of which nothing is known is an object all the same.
  if (isOpen(all) && 'x-kubernetes-group-version-kind' in all) {
    const { 'x-kubernetes-preserve-unknown-fields': _isOpen, ...known } = result;
    return { type: 'object', ...known };
  }
  const [only] = allOf ?? [];
  if (only !== undefined && allOf?.length === 1) return { ...(schema2(only) as object), ...result };
  // Quantities and int-or-strings are strings in 2.0.
  const alternatives = isIntOrString(all) ? undefined : (oneOf ?? anyOf);
  if (alternatives?.some((one) => 'type' in one && one.type === 'string') && rest.type === undefined)
    result.type = 'string';
  return result;
}

/** Whether a third party's schema takes more than it says. */
function isOpen(schema: SchemaObject): boolean {
  return 'x-kubernetes-preserve-unknown-fields' in schema;
}

/** One of the two by a third party's word; that of built-in kinds is a format. */
function isIntOrString(schema: SchemaObject): boolean {
  return 'x-kubernetes-int-or-string' in schema && schema.format === undefined;
}
