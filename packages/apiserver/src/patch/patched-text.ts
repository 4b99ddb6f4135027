import { encodeJson, NumberLiteral, type Schema, type SchemaSource } from '@kubewright/api';
import { goMembers } from '../encoding/go-members.js';
import { isObject, type JsonObject, own } from './json-object.js';
import { pointerKeys } from './json-patch.js';

/**
 * What a patch has looked into: Go reads that as maps, which it writes sorted. What the patch brings stays as it was
 * sent, and the rest of the document is written as its structs declare it.
 */
type Touched = 'sorted' | 'as sent' | Touches;
export type Touches = Map<string, Touched>;

/** A merge patch reads what it merges. Source: `mergeDocs` of evanphx/json-patch. */
export function touchedByMerge(before: JsonObject, patch: unknown): Touches {
  const touches: Touches = new Map();
  if (!isObject(patch)) return touches;
  for (const [key, value] of Object.entries(patch)) {
    const old = own(before, key);
    if (value === null) continue;
    if (!isObject(old)) touches.set(key, 'sorted');
    else touches.set(key, isObject(value) ? touchedByMerge(old, value) : 'as sent');
  }
  return touches;
}

/** A JSON patch reads what its paths go through. */
export function touchedByOperations(_before: JsonObject, operations: unknown): Touches {
  const touches: Touches = new Map();
  for (const { op, path, from } of Array.isArray(operations) ? operations.filter(isObject) : []) {
    if (typeof from === 'string') touchesAt(touches, pointerKeys(from).slice(0, -1));
    if (typeof path !== 'string') continue;
    const keys = pointerKeys(path);
    const parent = touchesAt(touches, keys.slice(0, -1));
    if (op === 'add' || op === 'replace') parent?.set(keys.at(-1) ?? '', 'as sent');
  }
  return touches;
}

function touchesAt(touches: Touches, keys: readonly string[]): Touches | undefined {
  let at = touches;
  for (const key of keys) {
    let next = at.get(key);
    if (next === undefined) {
      next = new Map();
      at.set(key, next);
    }
    if (typeof next === 'string') return undefined;
    at = next;
  }
  return at;
}

/** The JSON of a patched document as Go writes it, which a refusal shows. */
export function patchedText(value: JsonObject, touched: Touches, source: SchemaSource): string {
  return new Printer(source).text(value, touched).replace(/[<>&]/g, escaped);
}

function escaped(character: string): string {
  return `\\u00${character.charCodeAt(0).toString(16)}`;
}

class Printer {
  readonly #source: SchemaSource;

  constructor(source: SchemaSource) {
    this.#source = source;
  }

  text(
    value: unknown,
    touched: Touched | undefined,
    schema = this.#source.root,
    name = this.#source.name,
  ): string {
    if (Array.isArray(value)) {
      const items = value.map((item, index) => {
        const touches =
          below(touched, String(index)) ?? (index === value.length - 1 ? below(touched, '-') : undefined);
        return this.#member(item, touches, schema.items ?? {});
      });
      return `[${items.join(',')}]`;
    }
    if (value instanceof NumberLiteral) return value.text;
    if (!isObject(value)) return encodeJson(value);
    const members = this.#order(value, touched, schema, name).map(
      (key) =>
        `${JSON.stringify(key)}:${this.#member(value[key], below(touched, key), memberSchema(schema, key))}`,
    );
    return `{${members.join(',')}}`;
  }

  #member(value: unknown, touched: Touched | undefined, schema: Schema): string {
    const { $ref } = schema;
    return $ref === undefined
      ? this.text(value, touched, schema, '')
      : this.text(value, touched, this.#source.resolve($ref), $ref);
  }

  #order(
    value: JsonObject,
    touched: Touched | undefined,
    schema: Schema,
    name: string | undefined,
  ): string[] {
    const keys = Object.keys(value);
    // What is not described is JSON that nobody has read; a custom resource is a map to Go.
    const isOpaque =
      this.#source.name !== undefined &&
      schema.properties === undefined &&
      schema.additionalProperties === undefined;
    if (touched === 'as sent' || (touched === undefined && isOpaque)) return keys;
    const order = touched === undefined && name ? goMembers(name)?.order : undefined;
    if (order === undefined) return keys.sort();
    return [
      ...order.filter((key) => Object.hasOwn(value, key)),
      ...keys.filter((key) => !order.includes(key)),
    ];
  }
}

function below(touched: Touched | undefined, key: string): Touched | undefined {
  return typeof touched === 'object' ? touched.get(key) : touched;
}

function memberSchema({ properties, additionalProperties }: Schema, key: string): Schema {
  const declared = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
  return declared ?? (typeof additionalProperties === 'object' ? additionalProperties : {});
}
