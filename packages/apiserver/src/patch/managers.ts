import type { ManagedFieldsEntry } from '@kubewright/api/meta/v1';
import {
  difference,
  emptyFieldSet,
  equalSets,
  type FieldSet,
  isEmptySet,
  markSorted,
  readFieldSet,
  sortedSet,
  union,
} from './field-set.js';

/** Who owns which fields: one entry of `metadata.managedFields`. */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** `''` for the object itself. */
  readonly subresource: string;
  /** RFC 3339, in seconds. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Managers by what tells them apart, see {@link managerId}. */
export type Managers = Map<string, Manager>;

/**
 * What tells managers apart: name, operation and subresource, and for updates the version; an applier has one entry
 * whatever version it applies. Managers are sorted by this text where upstream sorts them.
 */
export function managerId({
  name,
  operation,
  apiVersion,
  subresource,
}: Omit<Manager, 'fields' | 'time'>): string {
  return JSON.stringify({
    manager: name,
    operation,
    ...(operation === 'Update' ? { apiVersion } : {}),
    ...(subresource === '' ? {} : { subresource }),
  });
}

/**
 * The managers of an object. `trusted` says that the server wrote the entries.
 * @throws Error when an entry is malformed
 */
export function decodeManagers(entries: readonly ManagedFieldsEntry[], trusted: boolean): Managers {
  const managers: Managers = new Map();
  for (const [i, entry] of entries.entries()) {
    const { operation, apiVersion, fieldsType, fieldsV1, manager: name = '', subresource = '', time } = entry;
    if (operation !== 'Apply' && operation !== 'Update')
      throw new Error('operation must be `Apply` or `Update`');
    if (apiVersion === undefined || apiVersion === '') throw new Error('apiVersion must not be empty');
    if (fieldsType === undefined || fieldsType === '')
      throw new Error(`missing fieldsType in managed fields entry ${i}`);
    if (fieldsType !== 'FieldsV1')
      throw new Error(`invalid fieldsType "${fieldsType}" in managed fields entry ${i}`);
    const set = (fieldsV1 ?? emptyFieldSet) as FieldSet;
    const fields = trusted ? set : readFieldSet(set);
    if (trusted) markSorted(fields);
    const manager: Manager = { name, operation, apiVersion, subresource, time, fields };
    managers.set(managerId(manager), manager);
  }
  return managers;
}

/** The entries in upstream's order: appliers first, then by time, name, version and subresource. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] {
  const seconds = ({ time }: Manager) => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));
  return [...managers.values()]
    .sort(
      (a, b) =>
        compareText(a.operation, b.operation) ||
        seconds(a) - seconds(b) ||
        compareText(a.name, b.name) ||
        compareText(a.apiVersion, b.apiVersion) ||
        compareText(a.subresource, b.subresource),
    )
    .map(encodeManager);
}

export function encodeManager(manager: Manager): ManagedFieldsEntry {
  const { name, operation, apiVersion, subresource, time, fields } = manager;
  const entry: ManagedFieldsEntry = name === '' ? {} : { manager: name };
  entry.operation = operation;
  entry.apiVersion = apiVersion;
  if (time !== undefined) entry.time = time;
  entry.fieldsType = 'FieldsV1';
  entry.fieldsV1 = sortedSet(fields) as NonNullable<ManagedFieldsEntry['fieldsV1']>;
  if (subresource !== '') entry.subresource = subresource;
  return entry;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sets what a manager owns; one that owns nothing goes. */
export function setFields(managers: Managers, id: string, fields: FieldSet): void {
  const manager = managers.get(id);
  if (isEmptySet(fields)) managers.delete(id);
  else if (manager !== undefined && !equalSets(manager.fields, fields))
    managers.set(id, { ...manager, fields });
}

/** Fields that identify an object or that the server alone sets: nobody owns them. */
const unowned: FieldSet = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:clusterName': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
  },
};

/** A set without the fields that nobody owns. */
export function ownable(fields: FieldSet): FieldSet {
  return difference(fields, unowned);
}

/** How many managers of updates an object keeps; the oldest of more are merged. */
const maxUpdateManagers = 10;
const ancientChanges = 'ancient-changes';

/** Merges the oldest managers of updates, version by version, until no more than the limit are left. */
export function capUpdateManagers(managers: Managers): void {
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update');
  let count = updaters.length;
  if (count <= maxUpdateManagers) return;
  const seconds = (time: string | undefined) =>
    time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
  updaters.sort(([a, { time: x }], [b, { time: y }]) => seconds(x) - seconds(y) || compareText(a, b));
  const firstOfVersion = new Map<string, string>();
  for (const [id, updater] of updaters) {
    if (count <= maxUpdateManagers) return;
    const { apiVersion } = updater;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, id);
      continue;
    }
    const bucket: Omit<Manager, 'fields' | 'time'> = {
      name: ancientChanges,
      operation: 'Update',
      apiVersion,
      subresource: '',
    };
    const bucketId = managerId(bucket);
    const merged = managers.get(bucketId) ?? managers.get(first);
    if (!managers.has(bucketId)) managers.delete(first);
    managers.delete(id);
    const fields = union(updater.fields, merged?.fields ?? emptyFieldSet);
    // The time is that of the latest change in it.
    managers.set(bucketId, { ...bucket, time: updater.time, fields });
    count--;
  }
}
