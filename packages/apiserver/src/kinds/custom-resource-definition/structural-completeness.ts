import type { Schema } from '@kubewright/api';
import { type FieldError, type FieldPath, required } from '../../validation/field-error.js';

/** Where a value stands by its types, and where it is judged. */
interface Paths {
  readonly typed: FieldPath;
  readonly judged: FieldPath;
}

/** What alternatives judge has to have a type outside of them. Source: `validateStructuralCompleteness`. */
export function completenessErrors(schema: Schema, field: FieldPath): FieldError[] {
  return alternatives(schema, schema, { typed: field, judged: field });
}

function alternatives(judge: Schema, typed: Schema, { typed: at, judged }: Paths): FieldError[] {
  const { not, allOf = [], anyOf = [], oneOf = [] } = judge;
  const each = (name: string, schemas: readonly Schema[]) =>
    schemas.flatMap((one, i) => below(one, typed, { typed: at, judged: judged.child(name).index(i) }));
  return [
    ...(not === undefined ? [] : below(not, typed, { typed: at, judged: judged.child('not') })),
    ...each('allOf', allOf),
    ...each('anyOf', anyOf),
    ...each('oneOf', oneOf),
  ];
}

function below(judge: Schema, typed: Schema | undefined, paths: Paths): FieldError[] {
  const { typed: at, judged } = paths;
  if (typed === undefined) return [required(at, `because it is defined in ${judged.toString()}`)];
  const errors = alternatives(judge, typed, paths);
  if (judge.items !== undefined)
    errors.push(
      ...below(judge.items, typed.items, { typed: at.child('items'), judged: judged.child('items') }),
    );
  const { properties = {} } = typed;
  for (const [name, property] of Object.entries(judge.properties ?? {})) {
    const next = { typed: at.child('properties').key(name), judged: judged.child('properties').key(name) };
    errors.push(...below(property, Object.hasOwn(properties, name) ? properties[name] : undefined, next));
  }
  return errors;
}
