import { readFileSync } from 'node:fs';
import type { Schema } from '@kubewright/api';

/** What stands in `data/descriptions.json`, which the build makes. */
type Descriptions = Readonly<
  Record<string, { readonly text?: string; readonly properties: Readonly<Record<string, string>> }>
>;

let descriptions: Descriptions | undefined;

/** A built-in definition with what it and its fields are for. The sentences are read on the first call. */
export function described(name: string, schema: Schema): Schema {
  const found = read();
  const own = Object.hasOwn(found, name) ? found[name] : undefined;
  if (own === undefined) return schema;
  const { text, properties } = own;
  const result: { -readonly [K in keyof Schema]: Schema[K] } = { ...schema };
  if (text !== undefined) result.description = text;
  if (schema.properties !== undefined)
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([property, value]) => {
        const description = properties[property];
        return [property, description === undefined ? value : { description, ...value }];
      }),
    );
  return result;
}

function read(): Descriptions {
  // `src` and `dist` are siblings of `data`, so the path is the same from both.
  descriptions ??= JSON.parse(
    readFileSync(new URL('../../data/descriptions.json', import.meta.url), 'utf8'),
  ) as Descriptions;
  return descriptions;
}
