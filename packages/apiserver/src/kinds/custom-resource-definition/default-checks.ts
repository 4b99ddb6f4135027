import type { Schema } from '@kubewright/api';
import { jsonEqual } from '../../patch/json-object.js';
import { validateEmbedded } from '../../schema/embedded-resources.js';
import { prune } from '../../schema/prune.js';
import { CostBudget, ruleErrors } from '../../schema/rule-errors.js';
import { validateSchema } from '../../schema/schema-validator.js';
import { StructuralSchema } from '../../schema/structural-schema.js';
import { type FieldError, type FieldPath, invalid } from '../../validation/field-error.js';

/**
 * Defaults have to be valid by the schemas that they stand in, their rules included, for which a default is its own
 * past. Source: apiextensions' `ValidateDefaults`.
 */
export function defaultErrors(schema: Schema, field: FieldPath, budget = new CostBudget()): FieldError[] {
  const errors: FieldError[] = [];
  const { default: preset, items, properties = {} } = schema;
  if (preset !== undefined && preset !== null) errors.push(...presetErrors(schema, field, budget));
  // Below additionalProperties a default is refused elsewhere.
  if (items !== undefined && budget.left >= 0)
    errors.push(...defaultErrors(items, field.child('items'), budget));
  for (const [name, property] of Object.entries(properties)) {
    if (budget.left < 0) break;
    errors.push(...defaultErrors(property, field.child('properties').key(name), budget));
  }
  return errors;
}

function presetErrors(schema: Schema, field: FieldPath, budget: CostBudget): FieldError[] {
  const preset = schema.default;
  const structural = StructuralSchema.of(schema);
  const at = field.child('default');
  const errors = jsonEqual(prune(preset, structural), preset)
    ? []
    : [invalid(at, preset, 'must not have unknown fields')];
  const embedded = validateEmbedded(structural, preset, at);
  if (embedded.length > 0) return [...errors, ...embedded];
  const wrong = validateSchema(structural, preset, { root: at });
  if (wrong.length > 0 || structural.memberRules === undefined) return [...errors, ...wrong];
  return [...errors, ...ruleErrors(structural.memberRules, preset, { old: preset, field: at, budget })];
}
