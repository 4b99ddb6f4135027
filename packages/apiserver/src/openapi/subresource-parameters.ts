import { readFileSync } from 'node:fs';
import type { ParameterObject } from 'openapi3-ts/oas30';
import { dataFile } from '../data-file.js';
import type { DocumentedKind } from './documented-kind.js';
import { type ParameterType, query } from './parameters.js';

/** `GROUP/VERSION/PLURAL/SUBRESOURCE` to the types of its parameters. */
type Facts = Readonly<Record<string, Readonly<Record<string, ParameterType>>>>;

let facts: Facts | undefined;

/** What they are for: one sentence for each name, which means the same wherever it stands. */
const descriptions: Readonly<Record<string, string>> = {
  command: 'A word of the command to run, no shell; given once for each word.',
  container:
    'The container of the pod; the only one, or the one that an annotation names, where it is left out.',
  follow: 'Stay, and send what is written from now on.',
  insecureSkipTLSVerifyBackend: 'Take the log of a kubelet whose certificate nobody has verified.',
  limitBytes: 'Send no more bytes than this.',
  path: 'What follows in the path of the request that is passed on.',
  ports: 'The ports of the pod that are forwarded to.',
  previous: 'The log of the container that ran before this one.',
  sinceSeconds: 'Only what was written within so many seconds.',
  stderr: 'Pass on what is written to standard error.',
  stdin: 'Pass on what is sent as standard input.',
  stdout: 'Pass on what is written to standard output.',
  stream: 'Which stream of the log: All, Stdout or Stderr.',
  tailLines: 'Only so many lines from the end.',
  timestamps: 'Begin each line with the time when it was written.',
  tty: 'Run the command at a terminal.',
};

/** The query that a subresource takes besides what all take: `command` of an exec. */
export function subresourceParameters(kind: DocumentedKind, subresource: string): ParameterObject[] {
  return Object.entries(parameterTypes(kind, subresource)).map(([name, type]) =>
    query(name, type, descriptions[name]),
  );
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
