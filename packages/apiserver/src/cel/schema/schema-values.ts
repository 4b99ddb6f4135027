import type { ObjectField } from '../types.js';
import { equal, numberOf, type Work } from '../values/equality.js';
import { elements, isList, type List, ListValue } from '../values/list-value.js';
import { isMap, MapValue, mapGet, mapKeys } from '../values/map-value.js';
import type { Value } from '../values/value.js';
import { escapeProperty } from './escape.js';

/** How the JSON of an element becomes a value. */
type FromJson = (json: unknown) => Value;

/** A JSON object whose fields have types that JSON does not tell, or names that CEL has escapes for. */
export class SchemaObject extends MapValue {
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #fields: ReadonlyMap<string, ObjectField>;

  constructor(json: unknown, fields: ReadonlyMap<string, ObjectField>) {
    super();
    this.#json = objectOf(json);
    this.#fields = fields;
  }

  get size(): number {
    return [...this.keys()].length;
  }

  get(key: Value): Value | undefined {
    const field = typeof key === 'string' ? this.#fields.get(key) : undefined;
    if (field === undefined || !Object.hasOwn(this.#json, field.name)) return undefined;
    const json = this.#json[field.name];
    if (json === undefined || json === null) return undefined;
    return field.declared?.fromJson?.(json) ?? (json as Value);
  }

  has(key: Value): boolean {
    const field = typeof key === 'string' ? this.#fields.get(key) : undefined;
    return field !== undefined && Object.hasOwn(this.#json, field.name) && this.#json[field.name] != null;
  }

  *keys(): Iterable<Value> {
    for (const escaped of this.#fields.keys()) if (this.has(escaped)) yield escaped;
  }
}

/** A JSON object of keys that the schema does not name, with values of one type. */
export class SchemaMap extends MapValue {
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #fromJson: FromJson;

  constructor(json: unknown, fromJson: FromJson) {
    super();
    this.#json = objectOf(json);
    this.#fromJson = fromJson;
  }

  get size(): number {
    return Object.keys(this.#json).length;
  }

  get(key: Value): Value | undefined {
    if (!this.has(key)) return undefined;
    const json = this.#json[key as string];
    return json === null ? null : this.#fromJson(json);
  }

  has(key: Value): boolean {
    return typeof key === 'string' && Object.hasOwn(this.#json, key) && this.#json[key] !== undefined;
  }

  keys(): Iterable<Value> {
    return Object.keys(this.#json);
  }
}

/** A JSON array whose elements have a type that JSON does not tell. */
export class SchemaList extends ListValue {
  readonly length: number;
  readonly #json: readonly unknown[];
  readonly #fromJson: FromJson | undefined;

  constructor(json: unknown, fromJson: FromJson | undefined) {
    super();
    this.#json = Array.isArray(json) ? json : [];
    this.length = this.#json.length;
    this.#fromJson = fromJson;
  }

  at(index: number): Value | undefined {
    const json = this.#json[index] as Value | undefined;
    return json === undefined || json === null || this.#fromJson === undefined ? json : this.#fromJson(json);
  }
}

/** A list that is equal in any order, and whose elements have keys. */
abstract class KeyedList extends SchemaList {
  override get joinCost(): number {
    return this.length;
  }

  protected abstract keyOf(element: Value): string;
  /** A list of the same kind with these elements, which are values already. */
  protected abstract of(values: readonly Value[]): KeyedList;

  override equals(other: unknown, work?: Work): boolean {
    if (!isList(other) || other.length !== this.length) return false;
    if (work !== undefined) work.compared += this.length * 2;
    const mine = new Map(elements(this).map((element) => [this.keyOf(element), element]));
    const seen = new Set<string>();
    for (const element of elements(other)) {
      const key = this.keyOf(element);
      const own = mine.get(key);
      if (own === undefined || !equal(own, element, work)) return false;
      seen.add(key);
    }
    return seen.size === mine.size;
  }

  override concat(other: List): List {
    const joined = [...elements(this)];
    const places = new Map(joined.map((element, index) => [this.keyOf(element), index]));
    for (const element of elements(other)) {
      const key = this.keyOf(element);
      const place = places.get(key) ?? joined.length;
      joined[place] = element;
      places.set(key, place);
    }
    return this.of(joined);
  }
}

/** `x-kubernetes-list-type: set`: `+` is the union. */
export class SchemaSetList extends KeyedList {
  protected override keyOf(element: Value): string {
    return canonicalText(element);
  }

  protected override of(values: readonly Value[]): SchemaSetList {
    return new SchemaSetList(values, undefined);
  }
}

/** `x-kubernetes-list-type: map`: `+` puts elements in the place of those with the same keys. */
export class SchemaMapList extends KeyedList {
  readonly #keys: readonly string[];

  constructor(json: unknown, fromJson: FromJson | undefined, keys: readonly string[]) {
    super(json, fromJson);
    this.#keys = keys.map((key) => escapeProperty(key) ?? key);
  }

  protected override keyOf(element: Value): string {
    return this.#keys
      .map((key) => canonicalText(isMap(element) ? (mapGet(element, key) ?? null) : null))
      .join();
  }

  protected override of(values: readonly Value[]): SchemaMapList {
    return new SchemaMapList(values, undefined, this.#keys);
  }
}

/** Equal values have one text. */
function canonicalText(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  const number = numberOf(value);
  if (number !== undefined) return String(number);
  if (isList(value)) return `[${elements(value).map(canonicalText).join()}]`;
  if (!isMap(value)) return String(value);
  const entries = [...mapKeys(value)].map(
    (key) => `${canonicalText(key)}:${canonicalText(mapGet(value, key)!)}`,
  );
  return `{${entries.sort().join()}}`;
}

function objectOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {};
}
