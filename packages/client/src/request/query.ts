import type {
  ApplyOptions,
  GetOptions,
  ListOptions,
  SelectorOptions,
  TableOptions,
  WatchOptions,
  WriteOptions,
} from '../options.js';

/** Query parameters under their names on the wire; undefined ones are left out. */
export function queryOf(
  parameters: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>,
): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    if (typeof value === 'object') for (const item of value) query.append(name, item);
    else query.append(name, String(value));
  }
  return query;
}

export function getQuery(options: GetOptions): URLSearchParams {
  return queryOf({ resourceVersion: options.resourceVersion });
}

export function selectorQuery(options: SelectorOptions): URLSearchParams {
  return queryOf({ labelSelector: options.labelSelector, fieldSelector: options.fieldSelector });
}

export function listQuery(options: ListOptions): URLSearchParams {
  return queryOf({
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
  });
}

export function tableQuery(options: TableOptions): URLSearchParams {
  const query = listQuery(options);
  if (options.includeObject !== undefined) query.set('includeObject', options.includeObject);
  return query;
}

export function watchQuery(options: WatchOptions): URLSearchParams {
  return queryOf({
    watch: true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.sendInitialEvents === undefined ? undefined : 'NotOlderThan',
    sendInitialEvents: options.sendInitialEvents,
    allowWatchBookmarks: options.allowWatchBookmarks,
    timeoutSeconds: options.timeoutSeconds,
  });
}

export function writeQuery(options: WriteOptions, fieldManager: string): URLSearchParams {
  return queryOf({
    fieldManager: options.fieldManager ?? fieldManager,
    fieldValidation: options.fieldValidation,
    dryRun: options.dryRun ? 'All' : undefined,
  });
}

export function applyQuery(options: ApplyOptions, fieldManager: string): URLSearchParams {
  const query = writeQuery(options, fieldManager);
  query.set('force', String(options.force ?? false));
  return query;
}
