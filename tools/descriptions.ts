/**
 * What Kubernetes says of its definitions and their fields. The sentences are upstream's, so they are not kept in the
 * project: they are read at build time from the type declarations of the official client.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Schema } from '@kubewright/api';

/** A definition's own description, and those of its properties. */
export interface Description {
  readonly text?: string;
  readonly properties: Readonly<Record<string, string>>;
}

type Definitions = Readonly<Record<string, Schema>>;

/** The descriptions of the definitions that the official client knows. */
export function readDescriptions(definitions: Definitions): Record<string, Description> {
  const folder = modelsFolder();
  const files = new Set(readdirSync(folder));
  const descriptions: Record<string, Description> = {};
  for (const [name, schema] of Object.entries(definitions)) {
    const file = modelNames(name)
      .map((model) => `${model}.d.ts`)
      .find((candidate) => files.has(candidate));
    if (file === undefined) continue;
    descriptions[name] = parseModel(
      readFileSync(join(folder, file), 'utf8'),
      Object.keys(schema.properties ?? {}),
    );
  }
  return descriptions;
}

/** Definitions with the sentences in their place. */
export function describe(
  definitions: Definitions,
  descriptions: Readonly<Record<string, Description>>,
): Record<string, Schema> {
  const described = Object.entries(definitions).map(([name, schema]): [string, Schema] => {
    const { text, properties = {} } = descriptions[name] ?? {};
    const members = Object.entries(schema.properties ?? {}).map(([property, value]): [string, Schema] => {
      const description = properties[property];
      return [property, description === undefined ? value : { ...value, description }];
    });
    return [
      name,
      {
        ...schema,
        ...(text === undefined ? {} : { description: text }),
        ...(schema.properties === undefined ? {} : { properties: Object.fromEntries(members) }),
      },
    ];
  });
  return Object.fromEntries(described);
}

function modelsFolder(): string {
  const main = createRequire(import.meta.url).resolve('@kubernetes/client-node');
  return join(dirname(main), 'gen/models');
}

/** How the client may call a definition: with the group in front where two groups have the name. */
function modelNames(definition: string): string[] {
  const parts = definition.split('.');
  const [group = '', version = '', kind = ''] = parts.slice(-3);
  const short = `${capitalized(version)}${kind}`;
  return [`${capitalized(group)}${short}`, short];
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function parseModel(text: string, properties: readonly string[]): Description {
  const own = /\/\*\*\s*\n((?:(?!\*\/)[\s\S])*?)\*\/\s*\nexport declare class /.exec(text)?.[1];
  const found = new Map<string, string>();
  for (const [, comment = '', name = ''] of text.matchAll(
    /\/\*\*\s*\n((?:(?!\*\/)[\s\S])*?)\*\/\s*\n\s*'([^']+)'\??:/g,
  ))
    found.set(name, sentences(comment));
  const members = properties.flatMap((property): [string, string][] => {
    const sentence = found.get(property) ?? found.get(`_${property}`) ?? found.get(identifier(property));
    return sentence === undefined || sentence === '' ? [] : [[property, sentence]];
  });
  return {
    ...(own === undefined ? {} : { text: sentences(own) }),
    properties: Object.fromEntries(members),
  };
}

/** As the client's generator makes an identifier of a name. */
function identifier(property: string): string {
  return property.replace(/^\$/, '').replace(/[^A-Za-z0-9]/g, '_');
}

function sentences(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*\s?/, '').trim())
    .filter((line) => line !== '')
    .join('\n')
    .replace(/\\(['"\\])/g, '$1')
    .replaceAll('*_/', '*/');
}
