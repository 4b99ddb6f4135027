import { isObject, jsonEqual } from '../patch/json-object.js';
import type { StructuralSchema } from './structural-schema.js';

/**
 * A value before an update, and how to find those below it: members by name, items of a list of type `map` by their
 * keys; items of other lists have no past. Source: apiserver's `CorrelatedObject`.
 */
export class Previous {
  readonly value: unknown;
  readonly #schema: StructuralSchema;
  #byKeys: Map<string, unknown> | undefined;

  constructor(schema: StructuralSchema, value: unknown) {
    this.#schema = schema;
    this.value = value;
  }

  /** Whether nothing changed, as upstream sees it: the order of a list of type `map` is no change. */
  isEqualTo(value: unknown): boolean {
    const old = this.value;
    if (Array.isArray(old) && Array.isArray(value) && this.#schema.listType === 'map')
      return (
        old.length === value.length &&
        value.every((item, index) => this.item(value, index)?.isEqualTo(item) === true)
      );
    if (!isObject(old) || !isObject(value)) return jsonEqual(old, value);
    const names = Object.keys(value);
    return (
      Object.keys(old).length === names.length &&
      names.every((name) => this.member(name)?.isEqualTo(value[name]) === true)
    );
  }

  /** @param atRoot where apiVersion and kind are the server's own */
  member(name: string, atRoot = false): Previous | undefined {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, name) || (atRoot && (name === 'apiVersion' || name === 'kind')))
      return undefined;
    const schema = this.#schema.member(name);
    const below = (value as Record<string, unknown>)[name];
    return schema === undefined ? undefined : new Previous(schema, below);
  }

  /** @param list what came after */
  item(list: readonly unknown[], index: number): Previous | undefined {
    const { items, listType } = this.#schema;
    if (items === undefined || listType !== 'map' || !Array.isArray(this.value)) return undefined;
    const key = this.#keyOf(list[index]);
    if (key === undefined) return undefined;
    if (this.#byKeys === undefined) {
      this.#byKeys = new Map();
      for (const item of this.value as readonly unknown[]) {
        const own = this.#keyOf(item);
        if (own !== undefined && !this.#byKeys.has(own)) this.#byKeys.set(own, item);
      }
    }
    return this.#byKeys.has(key) ? new Previous(items, this.#byKeys.get(key)) : undefined;
  }

  #keyOf(item: unknown): string | undefined {
    if (typeof item !== 'object' || item === null) return undefined;
    const { mapKeys, items } = this.#schema;
    const own = item as Readonly<Record<string, unknown>>;
    return JSON.stringify(
      mapKeys.map((key) => (Object.hasOwn(own, key) ? own[key] : items?.property(key)?.schema.default)),
      (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    );
  }
}
