import { builtinKinds } from '@kubewright/api/builtin';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { OperationObject, PathItemObject } from 'openapi3-ts/oas30';
import { describe, expect, it } from 'vitest';
import { createOpenApi } from './openapi.js';

interface Document {
  readonly parameters?: Readonly<Record<string, { readonly in: string; readonly name: string }>>;
  readonly paths: Readonly<Record<string, PathItemObject>>;
  readonly definitions?: Readonly<Record<string, Definition>>;
  readonly components?: { readonly schemas: Readonly<Record<string, Definition>> };
}
interface Definition {
  readonly properties?: Record<string, unknown>;
}

const openapi = createOpenApi(builtinKinds, 'v1.36.0');
const read = (path: string) => JSON.parse(openapi.answer(path)?.body.toString() ?? 'null');
const groups = Object.keys(read('/openapi/v3').paths);
const documents = ['/openapi/v2', ...groups.map((group) => `/openapi/v3/${group}`)];
const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;

function operations({ paths }: Document): [path: string, item: PathItemObject, operation: OperationObject][] {
  return Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method): [string, PathItemObject, OperationObject][] => {
      const operation = item[method];
      return operation === undefined ? [] : [[path, item, operation]];
    }),
  );
}

describe.each(documents)('%s', (path) => {
  const document: Document = read(path);

  it('is valid', async () => {
    const copy: Document = structuredClone(document);
    // The validator takes the field of that name, which a schema in a CustomResourceDefinition has, for a reference.
    for (const { properties } of Object.values(copy.definitions ?? copy.components?.schemas ?? {}))
      if (typeof properties?.$ref === 'object') delete properties.$ref;
    expect(await new Validator().validate({ ...copy })).toMatchObject({ valid: true });
  });

  it('has an id of its own for each operation', () => {
    const ids = operations(document).map(([, , { operationId }]) => operationId);
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('declares the parameters of its paths', () => {
    for (const [template, item, operation] of operations(document)) {
      const named = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      const declared = [...(item.parameters ?? []), ...(operation.parameters ?? [])]
        .map((one) => ('$ref' in one ? document.parameters?.[one.$ref.split('/').at(-1) ?? ''] : one))
        .flatMap((parameter) => (parameter?.in === 'path' ? [parameter.name] : []));
      expect(declared.sort(), template).toEqual(named);
    }
  });

  it('resolves its references', () => {
    const { definitions, components, parameters } = document;
    const names = Object.keys({ ...definitions, ...components?.schemas, ...parameters });
    for (const [, name] of JSON.stringify(document).matchAll(
      /"\$ref":"#\/(?:definitions|components\/schemas|parameters)\/([^"]+)"/g,
    ))
      expect(names).toContain(name);
  });
});
