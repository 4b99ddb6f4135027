import type { ParameterObject } from 'openapi3-ts/oas30';

export type ParameterType = 'boolean' | 'integer' | 'string';

/** A parameter of the query. */
export const query = (name: string, type: ParameterType, description?: string): ParameterObject => ({
  name,
  in: 'query',
  ...(description === undefined ? {} : { description }),
  schema: { type, uniqueItems: true },
});

/** A parameter of the path. */
const inPath = (name: string, description: string): ParameterObject => ({
  name,
  in: 'path',
  description,
  required: true,
  schema: { type: 'string', uniqueItems: true },
});

export const namespaceParameter = inPath('namespace', 'The namespace of the objects.');
export const nameOf = (kind: string) => inPath('name', `The name of the ${kind}.`);
export const pathParameter = inPath('path', 'What follows in the path; it is passed on.');
export const pretty = query('pretty', 'string', 'Write JSON for people, a line for each member, where true.');

const dryRun = query(
  'dryRun',
  'string',
  'With All the request takes every step but the last: nothing is stored. No other value is known.',
);

/** Of create and update. Clients look for `fieldValidation` here to learn whether the server validates fields. */
export const writeParameters: ParameterObject[] = [
  dryRun,
  query(
    'fieldManager',
    'string',
    'Who is noted as the manager of the fields that this request sets; at most 128 printable characters. Without it, the start of the user agent; apply requires it.',
  ),
  query(
    'fieldValidation',
    'string',
    'What becomes of fields that are unknown or given twice: Ignore drops them, Warn (the default) drops them with a warning, Strict refuses the request.',
  ),
];

export const patchParameters: ParameterObject[] = [
  ...writeParameters,
  query('force', 'boolean', 'Apply only: take over fields that others manage, where that is a conflict.'),
];

export const deleteParameters: ParameterObject[] = [
  dryRun,
  query(
    'gracePeriodSeconds',
    'integer',
    'How many seconds the object may take to end. 0 deletes at once; without it, what the kind or the object says.',
  ),
  query(
    'ignoreStoreReadErrorWithClusterBreakingPotential',
    'boolean',
    'Delete an object that cannot be read from the store any more, without finalizers, preconditions or graceful end.',
  ),
  query('orphanDependents', 'boolean', 'Deprecated in favour of propagationPolicy: leave the dependents.'),
  query(
    'propagationPolicy',
    'string',
    'What becomes of the dependents: Orphan leaves them, Background deletes them afterwards, Foreground before.',
  ),
];

export const resourceVersion = query(
  'resourceVersion',
  'string',
  'As of when: a version from an earlier answer; 0 for any state that is at hand; without it, the newest.',
);

const selection: ParameterObject[] = [
  query(
    'continue',
    'string',
    'Goes on with a list that limit cut off: the value from the metadata of the page before. It ends with the history of the store, and the answer is then 410.',
  ),
  query('fieldSelector', 'string', 'Only objects whose fields have these values.'),
  query('labelSelector', 'string', 'Only objects with labels like these.'),
  query(
    'limit',
    'integer',
    'How many objects an answer may hold. Where there are more, its metadata says how to continue.',
  ),
  resourceVersion,
  query(
    'resourceVersionMatch',
    'string',
    'How resourceVersion is meant: Exact, or NotOlderThan for that state or a newer one.',
  ),
  query(
    'sendInitialEvents',
    'boolean',
    'Watches only: begin with an event for each object that there is, and then, where bookmarks are allowed, one that says so. Goes with resourceVersionMatch=NotOlderThan.',
  ),
  query(
    'shardSelector',
    'string',
    'Only the objects of a shard, where a server divides its lists. This one does not, and takes no notice.',
  ),
  query('timeoutSeconds', 'integer', 'After how many seconds the answer ends, whatever there is.'),
];

export const listParameters: ParameterObject[] = [
  query(
    'allowWatchBookmarks',
    'boolean',
    'Watches only: now and then send a BOOKMARK, which says how far the watch has come.',
  ),
  ...selection,
  query('watch', 'boolean', 'Send changes as they come, in place of a list.'),
];

export const deleteCollectionParameters: ParameterObject[] = [...deleteParameters, ...selection].sort(byName);

/** Upstream's order. */
export function byName(a: ParameterObject, b: ParameterObject): number {
  const [first, second] = [`${a.name} ${a.in}`, `${b.name} ${b.in}`];
  return first < second ? -1 : first > second ? 1 : 0;
}
