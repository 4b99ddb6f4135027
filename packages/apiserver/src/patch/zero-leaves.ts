import { difference, type FieldSet, fieldElement } from './field-set.js';
import { isObject, type JsonObject, jsonEqual, own } from './json-object.js';

/** A member that Go writes whether it is set or not, and what it is when it is not. */
export interface ZeroLeaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** The leaves of an object of a kind that nobody has set anything of: `revision: 0` of a ControllerRevision. */
export function zeroLeaves(object: JsonObject, path: readonly string[] = []): ZeroLeaf[] {
  return Object.keys(object).flatMap((name): ZeroLeaf[] => {
    const [value, at] = [object[name], [...path, name]];
    return isObject(value) ? zeroLeaves(value, at) : [{ path: at, value }];
  });
}

/** The fields of a new object without those that it would have anyway: a create changes nothing about them. */
export function withoutZeros(
  fields: FieldSet,
  object: JsonObject,
  zeros: readonly ZeroLeaf[] = [],
): FieldSet {
  let left = fields;
  for (const { path, value } of zeros)
    if (jsonEqual(memberAt(object, path), value)) left = difference(left, setOf(path));
  return left;
}

function memberAt(object: JsonObject, path: readonly string[]): unknown {
  let value: unknown = object;
  for (const name of path) value = isObject(value) ? own(value, name) : undefined;
  return value;
}

function setOf(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((below, name) => ({ [fieldElement(name)]: below }), {});
}
