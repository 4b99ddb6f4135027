import { readFileSync } from 'node:fs';
import type { ParameterObject } from 'openapi3-ts/oas30';
import { dataFile } from '../data-file.js';
import type { DocumentedKind } from './documented-kind.js';
import { type ParameterType, query } from './parameters.js';

/** `GROUP/VERSION/PLURAL/SUBRESOURCE` to the types of its parameters. */
type Facts = Readonly<Record<string, Readonly<Record<string, ParameterType>>>>;

let facts: Facts | undefined;

/** The query that a subresource takes besides what all take: `command` of an exec. */
export function subresourceParameters(kind: DocumentedKind, subresource: string): ParameterObject[] {
  return Object.entries(parameterTypes(kind, subresource)).map(([name, type]) => query(name, type));
}

/** The same as names and types. Read on the first call. */
export function parameterTypes(
  { group, version, plural }: Pick<DocumentedKind, 'group' | 'version' | 'plural'>,
  subresource: string,
): Readonly<Record<string, ParameterType>> {
  // `src` and `dist` are siblings of `data`, so the path is the same from both.
  facts ??= JSON.parse(readFileSync(dataFile('subresource-parameters.json'), 'utf8')) as Facts;
  const key = `${group}/${version}/${plural}/${subresource}`;
  return (Object.hasOwn(facts, key) ? facts[key] : undefined) ?? {};
}
