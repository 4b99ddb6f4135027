import type { JsonPatchOperation } from '@kubewright/client';
import { sameValue } from '../same-value.js';

/** What makes one value of another, as a JSON patch (RFC 6902): member by member, lists as a whole. */
export function jsonPatch(before: unknown, after: unknown, path = ''): JsonPatchOperation[] {
  if (sameValue(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [{ op: 'replace', path, value: after }];
  const operations: JsonPatchOperation[] = [];
  for (const name of Object.keys(before))
    if (after[name] === undefined) operations.push({ op: 'remove', path: at(path, name) });
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined) continue;
    if (before[name] === undefined) operations.push({ op: 'add', path: at(path, name), value });
    else operations.push(...jsonPatch(before[name], value, at(path, name)));
  }
  return operations;
}

function at(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
