import { type FieldSet, keepText, sortedSet } from './field-set.js';
import type { FieldType } from './field-types.js';
import type { JsonObject } from './json-object.js';
import { hasShape, type Shape, shapeOf } from './object-shape.js';

/** How many shapes of a type are remembered. */
const mostShapes = 32;
/** Characters of the fields of a shape that is remembered: larger objects are few, and a kind may have many shapes. */
const longestFields = 16 << 10;

/** A shape and what has it. */
export interface Known {
  readonly shape: Shape;
  readonly fields: FieldSet;
}

/** What was found so far, by type: one for each way to find the fields. */
export type KnownShapes = WeakMap<FieldType, Known[]>;

/**
 * The fields of an object, sorted. They depend on its shape alone, and controllers create many objects of one shape
 * (the pods of a ReplicaSet) or apply one again and again: what `compute` finds is remembered for the next one.
 */
export function fieldsByShape(
  known: KnownShapes,
  object: JsonObject,
  type: FieldType,
  compute: () => FieldSet,
): FieldSet {
  let shapes = known.get(type);
  if (shapes === undefined) {
    shapes = [];
    known.set(type, shapes);
  }
  const at = shapes.findIndex(({ shape }) => hasShape(object, shape));
  const found = at < 0 ? undefined : shapes[at];
  if (found !== undefined) {
    // What was seen last comes first: it is most likely to come back.
    if (at > 0) shapes.unshift(...shapes.splice(at, 1));
    return found.fields;
  }
  const fields = sortedSet(compute());
  const text = keepText(fields);
  const shape = text.length > longestFields ? undefined : shapeOf(object, type);
  if (shape !== undefined) {
    shapes.unshift({ shape, fields });
    if (shapes.length > mostShapes) shapes.pop();
  }
  return fields;
}
