import type { Schema } from '@kubewright/api';

/** What is for readers only. */
const prose = new Set(['description', 'title', 'example', 'externalDocs']);

/**
 * Schemas without what is for readers, in which equal parts are one value: definitions of well-known projects repeat
 * whole pod templates, and the text is most of them.
 */
export function compactSchemas<Key>(schemas: ReadonlyMap<Key, Schema>): ReadonlyMap<Key, Schema> {
  const compactor = new Compactor();
  return new Map([...schemas].map(([key, schema]) => [key, compactor.schema(schema)]));
}

class Compactor {
  readonly #known = new Map<string, Schema>();
  readonly #ids = new Map<Schema, number>();

  schema(schema: Schema): Schema {
    const compact: Record<string, unknown> = {};
    const parts: string[] = [];
    for (const [name, value] of Object.entries(schema)) {
      if (prose.has(name) || value === undefined) continue;
      const made = this.#member(name, value);
      compact[name] = made;
      parts.push(`${name}:${this.#nameOf(name, made)}`);
    }
    const key = parts.join('\n');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const result = compact as Schema;
    this.#known.set(key, result);
    this.#ids.set(result, this.#ids.size);
    return result;
  }

  #member(name: string, value: unknown): unknown {
    switch (name) {
      case 'properties':
        return this.#properties(value as Readonly<Record<string, Schema>>);
      case 'items':
      case 'not':
        return this.schema(value as Schema);
      case 'additionalProperties':
        return typeof value === 'object' ? this.schema(value as Schema) : value;
      case 'allOf':
      case 'anyOf':
      case 'oneOf':
        return (value as readonly Schema[]).map((one) => this.schema(one));
      default:
        return value;
    }
  }

  /** A dictionary: as plain objects each would be a type of its own to the engine, which costs more than the schema. */
  #properties(properties: Readonly<Record<string, Schema>>): Record<string, Schema> {
    const dictionary = Object.create(null) as Record<string, Schema>;
    for (const [key, one] of Object.entries(properties)) dictionary[key] = this.schema(one);
    return dictionary;
  }

  /** Stands for a member among equal ones. */
  #nameOf(name: string, value: unknown): string {
    const id = (schema: unknown) => `#${this.#ids.get(schema as Schema) ?? ''}`;
    switch (name) {
      case 'properties':
        return Object.entries(value as object)
          .map(([key, one]) => `${JSON.stringify(key)}${id(one)}`)
          .join(',');
      case 'items':
      case 'not':
      case 'additionalProperties':
        return typeof value === 'object' ? id(value) : String(value);
      case 'allOf':
      case 'anyOf':
      case 'oneOf':
        return (value as readonly unknown[]).map(id).join(',');
      default:
        return JSON.stringify(value);
    }
  }
}
