import type {
  OpenAPIObject,
  OperationObject,
  ParameterObject,
  PathItemObject,
  SchemaObject,
} from 'openapi3-ts/oas30';

/** OpenAPI 2.0 made of documents in OpenAPI 3.0: all definitions and paths in one. */
export function swaggerDocument(
  documents: readonly OpenAPIObject[],
  info: { readonly title: string; readonly version: string },
): object {
  const definitions: Record<string, unknown> = {};
  const paths: Record<string, unknown> = {};
  for (const document of documents) {
    for (const [name, schema] of Object.entries(document.components?.schemas ?? {}))
      definitions[name] ??= schema2(schema);
    for (const [path, item] of Object.entries(document.paths))
      paths[path] = pathItem2(item as PathItemObject);
  }
  const [{ security, components } = { security: undefined, components: undefined }] = documents;
  return {
    swagger: '2.0',
    info,
    paths: sorted(paths),
    definitions: sorted(definitions),
    securityDefinitions: components?.securitySchemes ?? {},
    security: security ?? [],
  };
}

function sorted(map: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

function pathItem2(item: PathItemObject): object {
  const result: Record<string, unknown> = {};
  for (const method of methods) if (item[method] !== undefined) result[method] = operation2(item[method]);
  result.parameters = (item.parameters as ParameterObject[] | undefined)?.map(parameter2);
  return result;
}

function operation2(operation: OperationObject): object {
  const { parameters = [], requestBody, responses, ...rest } = operation;
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
  return {
    ...rest,
    schemes: ['https'],
    consumes: content.length === 0 ? ['*/*'] : content.map(([type]) => type),
    produces: Object.keys(ok?.content ?? {}),
    parameters: [...bodyParameter, ...(parameters as ParameterObject[]).map(parameter2)],
    responses: Object.fromEntries(
      Object.entries(responses).map(([code, response]) => [code, response2(response)]),
    ),
  };
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

function parameter2({ schema, ...rest }: ParameterObject): object {
  return { ...rest, ...(schema as SchemaObject | undefined) };
}

/** What 2.0 does not know is left out: `oneOf` and its like, `nullable`; a reference may have siblings. */
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
    if (key === '$ref') result.$ref = String(value).replace('#/components/schemas/', '#/definitions/');
    else if (key === 'properties')
      result.properties = Object.fromEntries(
        Object.entries(value as object).map(([name, property]) => [name, schema2(property)]),
      );
    else if (key === 'items' || key === 'additionalProperties') result[key] = schema2(value);
    else result[key] = value;
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
