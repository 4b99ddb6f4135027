import type { ParameterObject } from 'openapi3-ts/oas30';

export type ParameterType = 'boolean' | 'integer' | 'string';

/** A parameter of the query. */
export const query = (name: string, type: ParameterType): ParameterObject => ({
  name,
  in: 'query',
  schema: { type, uniqueItems: true },
});

/** A parameter of the path. */
export const inPath = (name: string): ParameterObject => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string', uniqueItems: true },
});

export const namespaceParameter = inPath('namespace');
export const nameParameter = inPath('name');
export const pretty = query('pretty', 'string');

/** Of create and update. Clients look for `fieldValidation` here to learn whether the server validates fields. */
export const writeParameters: ParameterObject[] = [
  query('dryRun', 'string'),
  query('fieldManager', 'string'),
  query('fieldValidation', 'string'),
];

export const patchParameters: ParameterObject[] = [...writeParameters, query('force', 'boolean')];

export const deleteParameters: ParameterObject[] = [
  query('dryRun', 'string'),
  query('gracePeriodSeconds', 'integer'),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean'),
  query('orphanDependents', 'boolean'),
  query('propagationPolicy', 'string'),
];

const selection: ParameterObject[] = [
  query('continue', 'string'),
  query('fieldSelector', 'string'),
  query('labelSelector', 'string'),
  query('limit', 'integer'),
  query('resourceVersion', 'string'),
  query('resourceVersionMatch', 'string'),
  query('sendInitialEvents', 'boolean'),
  query('timeoutSeconds', 'integer'),
];

export const listParameters: ParameterObject[] = [
  query('allowWatchBookmarks', 'boolean'),
  ...selection,
  query('watch', 'boolean'),
];

export const deleteCollectionParameters: ParameterObject[] = [...deleteParameters, ...selection];
