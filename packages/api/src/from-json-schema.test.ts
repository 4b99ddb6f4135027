import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { crdOf } from './crd-of.js';
import { fromJsonSchema } from './from-json-schema.js';
import { defineKind } from './kind.js';
import type { Schema } from './schema.js';

const from = (schema: object) => fromJsonSchema(schema as Readonly<Record<string, unknown>>);

it.each<[name: string, given: object, structural: Schema]>([
  ['a literal', Type.Literal('a'), { type: 'string', enum: ['a'] }],
  [
    'a union of literals',
    Type.Union([Type.Literal('a'), Type.Literal('b')], { default: 'a', description: 'one of two' }),
    { type: 'string', enum: ['a', 'b'], default: 'a', description: 'one of two' },
  ],
  [
    'a union with null',
    Type.Union([Type.String({ minLength: 1 }), Type.Null()]),
    { type: 'string', minLength: 1, nullable: true },
  ],
  [
    'a union of integers and strings',
    Type.Union([Type.Integer(), Type.String()]),
    { 'x-kubernetes-int-or-string': true },
  ],
  [
    'exclusive bounds',
    Type.Integer({ exclusiveMinimum: 0, maximum: 9 }),
    { type: 'integer', minimum: 0, exclusiveMinimum: true, maximum: 9 },
  ],
  [
    'a record',
    Type.Record(Type.String(), Type.Integer()),
    { type: 'object', additionalProperties: { type: 'integer' } },
  ],
  ['anything', Type.Unknown(), { 'x-kubernetes-preserve-unknown-fields': true }],
  ['an open object', { type: 'object' }, { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }],
  [
    'an array without repetition',
    Type.Array(Type.String(), { uniqueItems: true, maxItems: 3 }),
    { type: 'array', items: { type: 'string' }, maxItems: 3, 'x-kubernetes-list-type': 'set' },
  ],
  [
    'an intersection',
    Type.Intersect([Type.Object({ a: Type.String() }), Type.Object({ b: Type.Optional(Type.Boolean()) })]),
    { type: 'object', required: ['a'], properties: { a: { type: 'string' }, b: { type: 'boolean' } } },
  ],
  [
    'an object that is closed already',
    Type.Object({ a: Type.String() }, { additionalProperties: false }),
    { type: 'object', required: ['a'], properties: { a: { type: 'string' } } },
  ],
  ['types in a list', { type: ['string', 'null'] }, { type: 'string', nullable: true }],
  [
    'what Kubernetes adds',
    { type: 'string', 'x-kubernetes-validations': [{ rule: 'true' }] },
    { type: 'string', 'x-kubernetes-validations': [{ rule: 'true' }] },
  ],
])('%s', (_name, given, structural) => {
  expect(from(given)).toEqual(structural);
});

it('refuses references', () => {
  expect(() => from({ type: 'object', properties: { a: { $ref: 'A' } } })).toThrow("can't refer to others");
});

it('versions of a kind make one definition', () => {
  const options = {
    group: 'example.dev',
    kind: 'Widget',
    shortNames: ['wd'],
    subresources: { status: true },
    selectableFields: ['spec.size'],
  };
  const schema = Type.Object({ spec: Type.Object({ size: Type.Integer() }) });
  const definition = crdOf(
    defineKind({ ...options, version: 'v2', schema }),
    defineKind({ ...options, version: 'v1', schema }),
  );
  expect(definition).toMatchObject({
    metadata: { name: 'widgets.example.dev' },
    spec: {
      group: 'example.dev',
      scope: 'Namespaced',
      names: {
        kind: 'Widget',
        plural: 'widgets',
        singular: 'widget',
        listKind: 'WidgetList',
        shortNames: ['wd'],
      },
      versions: [
        {
          name: 'v2',
          storage: true,
          subresources: { status: {} },
          selectableFields: [{ jsonPath: '.spec.size' }],
        },
        { name: 'v1', storage: false },
      ],
    },
  });
  const other = defineKind({ ...options, version: 'v1', scope: 'Cluster', schema });
  expect(() => crdOf(defineKind({ ...options, version: 'v2', schema }), other)).toThrow('its scope differs');
});
