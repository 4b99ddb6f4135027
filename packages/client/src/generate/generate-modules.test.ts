import { describe, expect, it } from 'vitest';
import { type GenerateOptions, generateModules, type KindData } from './generate-modules.js';

const widget: KindData = {
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  definition: 'dev.example.v1.Widget',
  plural: 'widgets',
  singular: 'widget',
  listKind: 'WidgetList',
  scope: 'Namespaced',
  verbs: ['get'],
  subresources: {},
  shortNames: [],
  categories: [],
  selectableFields: [],
};

const options: GenerateOptions = {
  kinds: [widget],
  definitions: {
    'dev.example.v1.Widget': {
      type: 'object',
      description: 'A widget.\nEnds */ early.',
      'x-kubernetes-group-version-kind': [{ group: 'example.dev', version: 'v1', kind: 'Widget' }],
      required: ['spec'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { $ref: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
        spec: {
          type: 'object',
          required: ['size'],
          properties: {
            size: { type: 'integer', format: 'int64', description: 'How large.' },
            mode: { type: 'string', enum: ['fast', "it's"] },
            port: { 'x-kubernetes-int-or-string': true },
            limit: { format: 'quantity' },
            'x-odd key': { type: 'boolean', nullable: true },
            labels: { type: 'object', additionalProperties: { type: 'string' } },
            nested: { type: 'array', items: { type: 'object', properties: { a: { type: 'number' } } } },
            free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            anything: {},
            either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
          },
        },
      },
    },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': {
      type: 'object',
      properties: { name: { type: 'string' } },
    },
  },
  header: 'Generated.',
  imports: { kind: '@kubewright/api', definitions: '@kubewright/api' },
  index: { file: 'index', constant: 'kinds' },
};

describe('generateModules', () => {
  it('writes types and a kind value', () => {
    expect(generateModules(options).get('example/v1.ts')).toBe(`// Generated.
import type { Kind, KubernetesObject } from '@kubewright/api';
import type { ObjectMeta } from '../meta/v1.js';
import { definitions } from '../schemas.js';

/**
 * A widget.
 * Ends *\\/ early.
 */
export interface Widget extends KubernetesObject {
  apiVersion?: 'example.dev/v1';
  kind?: 'Widget';
  metadata: ObjectMeta;
  spec: {
    /** How large. */
    size: number;
    mode?: 'fast' | 'it\\'s' | undefined;
    port?: number | string | undefined;
    limit?: string | number | undefined;
    'x-odd key'?: boolean | null | undefined;
    labels?: Record<string, string> | undefined;
    nested?: Array<{
      a?: number | undefined;
    }> | undefined;
    free?: Record<string, unknown> | undefined;
    anything?: unknown;
    either?: string | number | undefined;
  };
}

export const Widget: Kind<Widget> = {
  group: 'example.dev',
  version: 'v1',
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  plural: 'widgets',
  singular: 'widget',
  listKind: 'WidgetList',
  scope: 'Namespaced',
  verbs: ["get"],
  subresources: {},
  shortNames: [],
  categories: [],
  selectableFields: [],
  schema: /* @__PURE__ */ definitions.source('dev.example.v1.Widget'),
};
`);
  });

  it('lists all kinds in the index', () => {
    const text = generateModules(options).get('index.ts');
    expect(text).toContain("import * as ExampleV1 from './example/v1.js';");
    expect(text).toContain('export const kinds: readonly Kind[] = [\n  ExampleV1.Widget,\n];');
  });

  it('keeps every definition in a text that reads back', () => {
    const text = generateModules(options).get('schemas.ts') ?? '';
    const literal = /lazyDefinitions\((.*)\);/.exec(text)?.[1] ?? '';
    // biome-ignore lint/security/noGlobalEval: the literal is code, and this is the shortest way to read it.
    expect(JSON.parse(eval(literal) as string)).toEqual(options.definitions);
  });

  it('does not depend on the order of the definitions', () => {
    const reversed = Object.fromEntries(Object.entries(options.definitions).reverse());
    expect([...generateModules({ ...options, definitions: reversed })]).toEqual([
      ...generateModules(options),
    ]);
  });

  it('takes sentences for the types from elsewhere, and leaves them out of the data', () => {
    const definitions = {
      'a.one.v1.Item': { type: 'object', properties: { x: { type: 'string' } } },
    } as const;
    const documented = {
      'a.one.v1.Item': { type: 'object', properties: { x: { type: 'string', description: 'What x is.' } } },
    } as const;
    const files = generateModules({ ...options, kinds: [], definitions, documented });
    expect(files.get('one/v1.ts')).toContain('/** What x is. */');
    expect(files.get('schemas.ts')).not.toContain('What x is.');
  });

  it('renames imported types where names meet', () => {
    const text = generateModules({
      ...options,
      kinds: [],
      definitions: {
        'a.one.v1.Item': { type: 'object', properties: { other: { $ref: 'a.two.v1.Item' } } },
        'a.two.v1.Item': { type: 'object', properties: { x: { type: 'string' } } },
      },
    }).get('one/v1.ts');
    expect(text).toContain("import type { Item as TwoV1Item } from '../two/v1.js';");
    expect(text).toContain('other?: TwoV1Item | undefined;');
  });

  it('refuses kinds without definition and definitions of one name', () => {
    expect(() => generateModules({ ...options, definitions: {} })).toThrow(
      'no definition dev.example.v1.Widget',
    );
    expect(() =>
      generateModules({ ...options, kinds: [], definitions: { 'a.b.v1.X': {}, 'c.b.v1.X': {} } }),
    ).toThrow('c.b.v1.X and a.b.v1.X would both be X of b/v1');
  });
});
