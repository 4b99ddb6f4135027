import { readFileSync } from 'node:fs';
import type { Schema } from '@kubewright/api';
import { dataFile } from '../data-file.js';
import { ownDescriptions } from './own-descriptions.js';

/** Definitions with what they and their fields are for. */
export type Descriptions = Readonly<
  Record<string, { readonly text?: string; readonly properties: Readonly<Record<string, string>> }>
>;

let descriptions: Descriptions | undefined;

/** A built-in definition with what it and its fields are for. The sentences are read on the first call. */
export function described(name: string, schema: Schema): Schema {
  const all = read();
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  const own = Object.hasOwn(ownDescriptions, name) ? ownDescriptions[name] : undefined;
  if (found === undefined && own === undefined) return schema;
  const text = found?.text ?? own?.text;
  const properties = { ...own?.properties, ...found?.properties };
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

/** What stands in `data/descriptions.json`, which the build makes. */
function read(): Descriptions {
  // `src` and `dist` are siblings of `data`, so the path is the same from both.
  descriptions ??= JSON.parse(readFileSync(dataFile('descriptions.json'), 'utf8')) as Descriptions;
  return descriptions;
}
