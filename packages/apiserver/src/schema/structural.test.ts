import type { Schema } from '@kubewright/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDefaults } from './defaults.js';
import { prune } from './prune.js';
import { createStructuralNormaliser, structural } from './structural.js';
import { StructuralSchema } from './structural-schema.js';

const of = (schema: Schema) => StructuralSchema.of(schema);
const object = (properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...more,
});
const preserves: Schema = { 'x-kubernetes-preserve-unknown-fields': true };

describe('pruning', () => {
  // Source: the table of the CustomResourceDefinition page, "Controlling pruning", and upstream's own.
  const cases: readonly (readonly [
    name: string,
    schema: Schema,
    value: unknown,
    pruned: unknown,
    paths: string[],
  ])[] = [
    ['takes out what is not declared', object({ a: {} }), { a: 1, b: 2 }, { a: 1 }, ['b']],
    ['in lists', { type: 'array', items: object({ a: {} }) }, [{ a: 1, b: 2 }], [{ a: 1 }], ['[0].b']],
    ['keeps what is to be preserved', object({}, preserves), { a: { b: 1 } }, { a: { b: 1 } }, []],
    [
      'but not below declared fields',
      object({ a: object({}) }, preserves),
      { a: { b: 1 }, c: { d: 1 } },
      { a: {}, c: { d: 1 } },
      ['a.b'],
    ],
    [
      'keeps the members of a map',
      { type: 'object', additionalProperties: object({ a: {} }) },
      { x: { a: 1, b: 2 } },
      { x: { a: 1 } },
      ['x.b'],
    ],
    [
      'knows nothing below `additionalProperties: true`',
      { type: 'object', additionalProperties: true },
      { x: { a: 1 }, y: 1 },
      { x: {}, y: 1 },
      ['x.a'],
    ],
    [
      'takes out nulls that neither may be nor have a default',
      object({
        a: { type: 'string' },
        b: { type: 'string', nullable: true },
        c: { type: 'string', default: 'x' },
      }),
      { a: null, b: null, c: null },
      { b: null, c: null },
      [],
    ],
    ['leaves other types alone', object({ a: object({}) }), { a: 'text' }, { a: 'text' }, []],
    [
      'leaves the type and known metadata of an embedded object',
      object({ a: object({}, { 'x-kubernetes-embedded-resource': true }) }),
      { a: { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', odd: 1 }, b: 1 } },
      { a: { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' } } },
      ['a.b', 'a.metadata.odd'],
    ],
    [
      'of names that are properties of every object',
      object(JSON.parse('{"constructor":{"type":"string"}}')),
      JSON.parse('{"__proto__":1,"toString":2,"constructor":"x"}'),
      { constructor: 'x' },
      ['__proto__', 'toString'],
    ],
  ];
  it.each(cases)('%s', (_name, schema, value, expected, paths) => {
    const unknown = { fields: [], ofMetadata: [] };
    const given = structuredClone(value);
    expect(prune(value, of(schema), unknown)).toEqual(expected);
    expect([...unknown.fields, ...unknown.ofMetadata]).toEqual(paths);
    expect(value).toEqual(given);
  });
});

describe('the outcome of an apply', () => {
  const source = { root: object({ spec: object({ n: { type: 'integer' } }) }), resolve: () => ({}) };
  const body = (metadata: object) => ({ apiVersion: 'x/v1', kind: 'X', metadata, spec: { n: null } });

  it('keeps nulls for the validator, which other bodies lose', () => {
    expect(createStructuralNormaliser(source, true)(body({})).object.spec).toEqual({ n: null });
    expect(createStructuralNormaliser(source)(body({})).object.spec).toEqual({});
  });

  it('loses metadata that is none, which other bodies are refused for', () => {
    const odd = body({ name: 'a', generation: 1.5, creationTimestamp: 'x', deletionTimestamp: 1 });
    expect(createStructuralNormaliser(source, true)(odd).object.metadata).toEqual({ name: 'a' });
    expect(() => createStructuralNormaliser(source)(odd)).toThrow();
  });
});

describe('defaulting', () => {
  const cases: readonly (readonly [name: string, schema: Schema, value: unknown, filled: unknown])[] = [
    ['fills in what is absent', object({ a: { type: 'string', default: 'x' } }), {}, { a: 'x' }],
    [
      'and what is below it',
      object({ a: object({ b: { type: 'integer', default: 1 } }, { default: {} }) }),
      {},
      { a: { b: 1 } },
    ],
    [
      'but nothing below what is absent',
      object({ a: object({ b: { type: 'integer', default: 1 } }) }),
      {},
      {},
    ],
    ['for a null that may not be', object({ a: { type: 'string', default: 'x' } }), { a: null }, { a: 'x' }],
    [
      'not for a null that may be',
      object({ a: { type: 'string', default: 'x', nullable: true } }),
      { a: null },
      { a: null },
    ],
    [
      'in items and maps',
      object({
        a: { type: 'array', items: object({ b: { default: 1 } }) },
        c: { type: 'object', additionalProperties: object({ b: { default: 2 } }) },
      }),
      { a: [{}, { b: 0 }], c: { x: {} } },
      { a: [{ b: 1 }, { b: 0 }], c: { x: { b: 2 } } },
    ],
    ['each object its own', object({ a: { default: { b: [] } } }), {}, { a: { b: [] } }],
  ];
  it.each(cases)('%s', (_name, schema, value, expected) => {
    expect(applyDefaults(value, of(schema))).toEqual(expected);
    expect(applyDefaults(value, of(schema))).not.toBe(of(schema).schema.default);
  });

  it('gives a value back that has all', () => {
    const schema = of(
      object({ a: { type: 'string', default: 'x' }, b: { type: 'array', items: object({}) } }),
    );
    const value = { a: 'y', b: [{}] };
    expect(structural(value, schema)).toBe(value);
  });
});

it('is the same when done again, whatever the value', () => {
  const schema = of(
    object({
      a: { type: 'string', default: 'x' },
      b: object(
        {
          c: { type: 'integer', default: 1 },
          d: { type: 'array', items: object({ e: { nullable: true } }) },
        },
        { default: {} },
      ),
      f: { type: 'object', additionalProperties: object({ g: { type: 'boolean' } }) },
      h: preserves,
    }),
  );
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', '__proto__', 'x');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, 1, 'text', true),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, (any) => {
      const once = structural(any, schema);
      expect(structural(once, schema)).toEqual(once);
    }),
  );
});
