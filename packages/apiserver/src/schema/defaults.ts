import { ChangedCopy } from './changed-copy.js';
import type { StructuralSchema } from './structural-schema.js';

/**
 * Fills in what a value leaves out, or says is null where it may not be; gives the value itself where nothing is to be
 * filled in. Source: apiextensions' `defaulting`.
 */
export function applyDefaults(value: unknown, schema: StructuralSchema): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : listDefaults(value, items);
  }
  const object = value as Readonly<Record<string, unknown>>;
  const copy = new ChangedCopy(object);
  for (const [name, preset] of schema.defaults) {
    const given = Object.hasOwn(object, name) ? object[name] : undefined;
    if (given !== undefined && (given !== null || schema.property(name)?.nullable === true)) continue;
    const property = schema.property(name);
    const filled: unknown = structuredClone(preset);
    copy.set(name, property === undefined ? filled : applyDefaults(filled, property));
  }
  for (const name in object) {
    const member = schema.member(name);
    if (member === undefined) continue;
    const given = object[name];
    if (given === null) continue;
    copy.set(name, applyDefaults(given, member));
  }
  return copy.result;
}

function listDefaults(list: readonly unknown[], items: StructuralSchema): unknown {
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const before = list[index];
    const given = before === null && !items.nullable ? structuredClone(items.schema.default ?? null) : before;
    const after = applyDefaults(given, items);
    if (after === before) continue;
    copy ??= [...list];
    copy[index] = after;
  }
  return copy ?? list;
}
