import { readFileSync } from 'node:fs';
import { dataFile } from '../data-file.js';
import { sortedKeys } from './sorted-keys.js';

/** A member of a struct inside of upstream: its name there (empty where it is embedded), in JSON, and its type. */
type Member = readonly [name: string, json: string, type: string];

let structs: Readonly<Record<string, readonly Member[]>> | undefined;

/**
 * A value of the API as the struct that upstream has of it inside, which its errors print: members by their names in
 * Go and in their order, none left out.
 * @param type the name of the struct, such as `PodSpec`
 */
export function goForm(value: unknown, type: string): unknown {
  structs ??= JSON.parse(readFileSync(dataFile('go-internal.json'), 'utf8')) as typeof structs;
  return formOf(value ?? undefined, type);
}

function formOf(value: unknown, type: string): unknown {
  if (type.startsWith('*')) return value === undefined ? null : formOf(value, type.slice(1));
  if (type.startsWith('[]'))
    return Array.isArray(value) ? value.map((item) => formOf(item ?? undefined, type.slice(2))) : null;
  const members = structs?.[type];
  if (members === undefined) return sortedMaps(value, type) ?? zeros[type] ?? null;
  const form: Record<string, unknown> = {};
  const from = type === 'PodSpec' ? withHostFields(recordOf(value)) : recordOf(value);
  for (const [name, json, memberType] of members) {
    // What is embedded stands beside the members of its own accord.
    if (name === '')
      Object.assign(form, json === 'metadata' ? sortedMetadata(from[json]) : formOf(from, memberType));
    else form[name] = formOf(from[json] ?? undefined, memberType);
  }
  return form;
}

/** Metadata has the names of JSON inside, too, and its maps are printed in the order of their keys. */
function sortedMetadata(metadata: unknown): Record<string, unknown> {
  const sorted = { ...recordOf(metadata) };
  for (const name of ['labels', 'annotations'])
    if (sorted[name] !== undefined) sorted[name] = sortedKeys(recordOf(sorted[name]));
  return sorted;
}

/** Go prints the keys of a map in their order; of what has JSON names inside, too, only selectors hold one. */
function sortedMaps(value: unknown, type: string): unknown {
  if (type === 'map') return value === undefined ? undefined : sortedKeys(recordOf(value));
  const { matchLabels, ...rest } = recordOf(value);
  return matchLabels === undefined ? value : { matchLabels: sortedKeys(recordOf(matchLabels)), ...rest };
}

/** What a member holds that nobody set; of the other types it is null. */
const zeros: Readonly<Record<string, unknown>> = { s: '', n: 0, b: false, quantity: '0' };

/** Inside, what a pod shares with its host belongs to its security context. */
function withHostFields(spec: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { hostNetwork, hostPID, hostIPC, hostUsers, shareProcessNamespace, securityContext, ...rest } = spec;
  const shared = { hostNetwork, hostPID, hostIPC, hostUsers, shareProcessNamespace };
  const isSet = Object.values(shared).some((one) => one !== undefined);
  if (securityContext === undefined && !isSet) return rest;
  return { ...rest, securityContext: { ...recordOf(securityContext), ...shared } };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
