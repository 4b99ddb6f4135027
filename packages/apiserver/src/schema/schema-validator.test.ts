import { Validator } from '@cfworker/json-schema';
import type { Schema } from '@kubewright/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { path } from '../validation/field-error.js';
import { validateListTypes } from './list-types.js';
import { Previous } from './previous.js';
import { validateSchema } from './schema-validator.js';
import { StructuralSchema } from './structural-schema.js';

const errorsOf = (schema: Schema, value: unknown) =>
  validateSchema(StructuralSchema.of(schema), value, { root: path('x') }).map(
    ({ type, field, message }) => `${type} ${field}: ${message}`,
  );

describe('a schema finds', () => {
  // Source: the messages of kube-openapi's validator and what apiextensions makes of them.
  const cases: readonly (readonly [schema: Schema, value: unknown, error: string])[] = [
    [
      { type: 'string' },
      1,
      'FieldValueTypeInvalid x: Invalid value: "integer":  in body must be of type string: "integer"',
    ],
    [
      { type: 'integer' },
      '1.5',
      'FieldValueTypeInvalid x: Invalid value: "string":  in body must be of type integer: "string"',
    ],
    [
      { type: 'object' },
      [],
      'FieldValueTypeInvalid x: Invalid value: "array":  in body must be of type object: "array"',
    ],
    [
      { type: 'string' },
      null,
      'FieldValueTypeInvalid x: Invalid value: "null":  in body must be of type string: "null"',
    ],
    [{ type: 'object', required: ['a'] }, {}, 'FieldValueRequired x.a: Required value'],
    [{ enum: ['a', 1] }, 'b', 'FieldValueNotSupported x: Unsupported value: "b": supported values: "a", "1"'],
    [{ maxLength: 1 }, 'ab', 'FieldValueTooLong x: Too long: may not be more than 1 byte'],
    [
      { minLength: 2 },
      'é',
      'FieldValueInvalid x: Invalid value: "é":  in body should be at least 2 chars long',
    ],
    [{ pattern: '^a$' }, 'b', `FieldValueInvalid x: Invalid value: "b":  in body should match '^a$'`],
    [
      { type: 'string', format: 'date' },
      '2026-02-30',
      'FieldValueTypeInvalid x: Invalid value: "2026-02-30":  in body must be of type date: "2026-02-30"',
    ],
    [
      { minimum: 2 },
      1,
      'FieldValueInvalid x: Invalid value: 1:  in body should be greater than or equal to 2',
    ],
    [
      { minimum: 1, exclusiveMinimum: true },
      1,
      'FieldValueInvalid x: Invalid value: 1:  in body should be greater than 1',
    ],
    [{ maximum: 2 }, 3, 'FieldValueInvalid x: Invalid value: 3:  in body should be less than or equal to 2'],
    [
      { maximum: 2, exclusiveMaximum: true },
      2,
      'FieldValueInvalid x: Invalid value: 2:  in body should be less than 2',
    ],
    [{ multipleOf: 2 }, 3, 'FieldValueInvalid x: Invalid value: 3:  in body should be a multiple of 2'],
    [
      { type: 'integer', format: 'int32' },
      2 ** 31,
      'FieldValueInvalid x: Invalid value: "": Checked value must be of type integer with format int32 in ',
    ],
    [{ minItems: 1 }, [], 'FieldValueInvalid x: Invalid value: 0:  in body should have at least 1 items'],
    [{ maxItems: 1 }, [1, 2], 'FieldValueTooMany x: Too many: 2: must have at most 1 item'],
    [
      { minProperties: 1 },
      {},
      'FieldValueInvalid x: Invalid value: 0:  in body should have at least 1 properties',
    ],
    [{ maxProperties: 0 }, { a: 1 }, 'FieldValueTooMany x: Too many: 1: must have at most 0 items'],
    [
      { not: { type: 'string' } },
      'a',
      'FieldValueInvalid x: Invalid value: "": "" must not validate the schema (not)',
    ],
  ];
  it.each(cases)('%j in %j', (schema, value, error) => {
    expect(errorsOf(schema, value)).toEqual([error]);
  });

  it('of alternatives what the closest one lacks', () => {
    const schema: Schema = {
      type: 'object',
      properties: { kind: { type: 'string' }, a: { type: 'string' }, b: { type: 'string' } },
      anyOf: [{ required: ['a', 'b'] }, { required: ['a'], properties: { kind: { enum: ['one'] } } }],
    };
    expect(errorsOf(schema, { kind: 'two', a: 'x' })).toEqual([
      'FieldValueInvalid x: Invalid value: "": "" must validate at least one schema (anyOf)',
      'FieldValueNotSupported x.kind: Unsupported value: "two": supported values: "one"',
    ]);
  });
});

it('what did not change is not held against an update', () => {
  const schema = StructuralSchema.of({
    type: 'object',
    properties: {
      a: { type: 'string', maxLength: 1 },
      list: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: {
          type: 'object',
          properties: { name: { type: 'string' }, n: { type: 'integer', maximum: 1 } },
        },
      },
    },
  });
  const old = {
    a: 'long',
    list: [
      { name: 'x', n: 5 },
      { name: 'y', n: 1 },
    ],
  };
  const changed = {
    a: 'long',
    list: [
      { name: 'y', n: 2 },
      { name: 'x', n: 5 },
    ],
  };
  const errors = validateSchema(schema, changed, { previous: new Previous(schema, old) });
  expect(errors.map(({ field }) => field)).toEqual(['list[0].n']);
});

describe('hostile values cost bounded time', () => {
  // Of the processor, which other programs of the machine take nothing of.
  const timed = (run: () => void) => {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  it('a pattern that is slow elsewhere', () => {
    const schema: Schema = { type: 'string', pattern: '^(a+)+$' };
    expect(timed(() => errorsOf(schema, `${'a'.repeat(50_000)}!`))).toBeLessThan(2_000);
  });
  it('a million items', () => {
    const schema = StructuralSchema.of({
      type: 'object',
      properties: {
        l: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'integer', maximum: 2 ** 30 } },
      },
    });
    const value = { l: Array.from({ length: 1_000_000 }, (_, i) => i) };
    expect(timed(() => validateSchema(schema, value))).toBeLessThan(5_000);
    expect(timed(() => validateListTypes(schema, value))).toBeLessThan(5_000);
  });
});

it('agrees with an independent validator', () => {
  const scalar = fc.oneof(
    fc.record({
      type: fc.constant('string'),
      minLength: fc.nat(3),
      maxLength: fc.integer({ min: 2, max: 5 }),
    }),
    fc.record({ type: fc.constant('string'), pattern: fc.constantFrom('^a', 'b$', '^[a-c]+$') }),
    fc.record({
      type: fc.constantFrom('integer', 'number'),
      minimum: fc.integer({ min: -5, max: 2 }),
      maximum: fc.integer({ min: 0, max: 9 }),
    }),
    fc.record({ type: fc.constant('integer'), multipleOf: fc.integer({ min: 1, max: 3 }) }),
    fc.constant({ type: 'boolean' }),
    fc.record({
      type: fc.constant('string'),
      enum: fc.uniqueArray(fc.constantFrom('a', 'b', 'ab'), { minLength: 1 }),
    }),
  );
  const name = fc.constantFrom('a', 'b', 'c');
  const { schema } = fc.letrec((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.record({
        type: fc.constant('array'),
        items: tie('schema'),
        minItems: fc.nat(2),
        maxItems: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({
        type: fc.constant('object'),
        properties: fc.dictionary(name, tie('schema')),
        required: fc.uniqueArray(name, { maxLength: 2 }),
      }),
      fc.record({
        type: fc.constant('object'),
        additionalProperties: tie('schema'),
        minProperties: fc.nat(1),
        maxProperties: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
      fc.record({ not: tie('schema') }),
    ),
  }));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('', 'a', 'ab', 'abc', 'b', 0, 1, 2, 3, -4, 1.5, true),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(schema, value, (given, any) => {
      const theirs = new Validator(given as object, '2019-09').validate(any).valid;
      const ours = validateSchema(StructuralSchema.of(given as Schema), any).length === 0;
      expect({ given, any, valid: ours }).toEqual({ given, any, valid: theirs });
    }),
    { numRuns: 1_000 },
  );
});
