import type { KubernetesObject } from '@kubewright/api';
import { type FieldError, type FieldErrorType, invalid, path } from '../validation/field-error.js';
import { validateEmbedded } from './embedded-resources.js';
import { validateListTypes } from './list-types.js';
import { Previous } from './previous.js';
import { ruleErrors } from './rule-errors.js';
import { noField } from './schema-problem.js';
import { mostProblems, validateSchema } from './schema-validator.js';
import type { StructuralSchema } from './structural-schema.js';

/** An object as its schema judges it. */
export interface Judged {
  readonly object: KubernetesObject;
  /** What an update changed. */
  readonly old?: KubernetesObject | undefined;
  /** Where only the status was written, which alone is held against the schema then. */
  readonly statusOnly?: boolean;
  /** Told what rules find wrong with what an update left as it was. */
  readonly warn?: ((text: string) => void) | undefined;
}

/**
 * What a structural schema finds wrong with an object besides its metadata, in upstream's order and words.
 * Source: apiextensions' `customResourceStrategy`.
 */
export function structuralErrors(schema: StructuralSchema, judged: Judged): FieldError[] {
  const { old } = judged;
  const { ruleTree } = schema;
  const value = fieldsOf(judged.object);
  const before = old === undefined ? undefined : fieldsOf(old);
  const errors = [...schemaErrors(schema, value, before, judged.statusOnly === true)];
  add(errors, validateEmbedded(schema, value));
  if (before === undefined || validateListTypes(schema, before).length === 0)
    add(errors, validateListTypes(schema, value));
  if (ruleTree === undefined) return errors;
  // Rules may take for granted what the schema says.
  if (errors.some(({ type }) => blocking.has(type))) errors.push(notChecked);
  else {
    const previous = before === undefined ? undefined : new Previous(schema, before);
    add(errors, ruleErrors(ruleTree, value, { old: before, previous, warn: judged.warn }));
  }
  return errors;
}

/** One by one, and not more than are told: there may be more of them than a call takes arguments. */
function add(errors: FieldError[], more: readonly FieldError[]): void {
  for (const error of more) {
    if (errors.length >= mostProblems) return;
    errors.push(error);
  }
}

const blocking: ReadonlySet<FieldErrorType> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const notChecked = invalid(
  noField,
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

function schemaErrors(
  schema: StructuralSchema,
  value: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>> | undefined,
  statusOnly: boolean,
): FieldError[] {
  const previous = before === undefined ? undefined : new Previous(schema, before);
  if (!statusOnly) return validateSchema(schema, value, { previous });
  const status = schema.property('status');
  if (status === undefined || !Object.hasOwn(value, 'status')) return [];
  return validateSchema(status, value.status, { root: path('status'), previous: previous?.member('status') });
}

/** The metadata has rules of its own, but for what a schema says of the name. */
function fieldsOf({
  metadata: { name, generateName },
  ...fields
}: KubernetesObject): Record<string, unknown> {
  const metadata = {
    ...(name === undefined ? {} : { name }),
    ...(generateName === undefined ? {} : { generateName }),
  };
  return { ...fields, metadata };
}
