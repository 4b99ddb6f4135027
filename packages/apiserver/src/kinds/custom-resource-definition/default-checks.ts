import type { Schema } from '@kubewright/api';
import { validateEmbedded } from '../../schema/embedded-resources.js';
import { prune } from '../../schema/prune.js';
import { sameJson } from '../../schema/same-json.js';
import { validateSchema } from '../../schema/schema-validator.js';
import { StructuralSchema } from '../../schema/structural-schema.js';
import { type FieldError, type FieldPath, invalid } from '../../validation/field-error.js';

/** Defaults have to be valid by the schemas that they stand in. Source: apiextensions' `ValidateDefaults`. */
export function defaultErrors(schema: Schema, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { default: preset, items, properties = {} } = schema;
  if (preset !== undefined && preset !== null) {
    const structural = StructuralSchema.of(schema);
    const at = field.child('default');
    if (!sameJson(prune(preset, structural), preset))
      errors.push(invalid(at, preset, 'must not have unknown fields'));
    const embedded = validateEmbedded(structural, preset, at);
    errors.push(...(embedded.length > 0 ? embedded : validateSchema(structural, preset, { root: at })));
  }
  // Below additionalProperties a default is refused elsewhere.
  if (items !== undefined) errors.push(...defaultErrors(items, field.child('items')));
  for (const [name, property] of Object.entries(properties))
    errors.push(...defaultErrors(property, field.child('properties').key(name)));
  return errors;
}
