import { type CelType, DYN, mapOf } from '../types.js';
import { CelValue } from './cel-value.js';
import { equalMaps, type Work } from './equality.js';
import type { Integer } from './integers.js';
import { Uint } from './uint.js';
import { isDouble, isJsonMap, type JsonMap, unboxDouble, type Value } from './value.js';

const anyMap = mapOf(DYN, DYN);

/** A map that is not a plain JSON object: made by an expression, or a JSON object that is seen through a schema. */
export abstract class MapValue extends CelValue {
  abstract readonly size: number;
  /** Undefined where there is no such key. */
  abstract get(key: Value): Value | undefined;
  abstract has(key: Value): boolean;
  abstract keys(): Iterable<Value>;

  get type(): CelType {
    return anyMap;
  }

  equals(other: unknown, work?: Work): boolean {
    return isMap(other) && equalMaps(this, other, work);
  }
}

/** A map that an expression makes. Numbers that are equal are one key, whatever their types. */
export class CreatedMap extends MapValue {
  readonly #entries = new Map<string | boolean | Integer, { readonly key: Value; readonly value: Value }>();

  /** @returns false where the key is there already */
  add(key: Value, value: Value): boolean {
    const form = keyForm(key);
    if (form === undefined || this.#entries.has(form)) return false;
    this.#entries.set(form, { key, value });
    return true;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    const form = keyForm(key);
    return form === undefined ? undefined : this.#entries.get(form)?.value;
  }

  has(key: Value): boolean {
    const form = keyForm(key);
    return form !== undefined && this.#entries.has(form);
  }

  *keys(): Iterable<Value> {
    for (const { key } of this.#entries.values()) yield key;
  }
}

/** Equal keys have one form; undefined for what no key can equal. */
function keyForm(key: Value): string | boolean | Integer | undefined {
  if (typeof key === 'string' || typeof key === 'boolean' || typeof key === 'bigint') return key;
  if (key instanceof Uint) return key.value;
  if (isDouble(key)) {
    const number = unboxDouble(key);
    if (!Number.isInteger(number)) return undefined;
    return Number.isSafeInteger(number) ? number + 0 : BigInt(number);
  }
  return typeof key === 'number' ? key : undefined;
}

export type CelMap = JsonMap | MapValue;

export function isMap(value: unknown): value is CelMap {
  return value instanceof MapValue || isJsonMap(value as Value);
}

export function mapSize(map: CelMap): number {
  return map instanceof MapValue ? map.size : Object.keys(map).length;
}

/** Undefined where there is no such key. */
export function mapGet(map: CelMap, key: Value): Value | undefined {
  if (map instanceof MapValue) return map.get(key);
  return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined;
}

export function mapHas(map: CelMap, key: Value): boolean {
  if (map instanceof MapValue) return map.has(key);
  return typeof key === 'string' && Object.hasOwn(map, key) && map[key] !== undefined;
}

export function mapKeys(map: CelMap): Iterable<Value> {
  return map instanceof MapValue ? map.keys() : Object.keys(map);
}
