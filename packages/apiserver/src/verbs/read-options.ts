import {
  ApiError,
  badRequest,
  checkFieldSelector,
  type FieldRequirement,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
} from '@kubewright/api';
import type { ResourceCache } from '../cache/resource-cache.js';
import type { Selection } from '../cache/selection.js';
import type { Exchange } from '../exchange.js';
import { querySwitch } from '../http/query-switch.js';
import type { ServedKind } from '../registry/resource.js';

/** What a list or a watch is about: the namespace of the path, and the selectors of the query. */
export interface Scope {
  readonly namespace?: string;
  readonly selection: Selection;
}

/** @throws ApiError BadRequest for a selector that cannot be read or names a field that the kind does not select by */
export function scopeOf({ info }: Exchange, served: ServedKind): Scope {
  const { query } = info;
  const labels = reading(() => parseLabelSelector(query.get('labelSelector') ?? ''));
  const fields = reading(() => {
    const requirements = parseFieldSelector(query.get('fieldSelector') ?? '');
    checkFieldSelector(requirements, served.kind, served.resource.rules.notSelectable);
    const { storedFields = {} } = served.conversion ?? {};
    const stored = requirements.map((one) => ({ ...one, field: storedFields[one.field] ?? one.field }));
    return info.name === '' ? stored : [...stored, named(info.name)];
  });
  return {
    ...(info.namespace === '' || !served.resource.namespaced ? {} : { namespace: info.namespace }),
    selection: {
      ...(labels.length === 0 ? {} : { labels }),
      ...(fields.length === 0 ? {} : { fields }),
    },
  };
}

/** The old form of a watch of one object names it in the path. */
function named(value: string): FieldRequirement {
  return { field: 'metadata.name', operator: '=', value };
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    throw badRequest(error.message);
  }
}

/**
 * The `resourceVersion` of a read: undefined where the client wants the newest, 0 where anything will do.
 * @throws ApiError BadRequest
 */
export function resourceVersionOf({ info }: Exchange): number | undefined {
  const text = info.query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  const version = wholeVersion(text);
  if (version === undefined) throw badRequest(`invalid resource version: ${notWhole(text)}`);
  return version;
}

/** The same for a get, of which upstream has an error without a reason. @throws ApiError */
export function resourceVersionOfGet({ info }: Exchange): number | undefined {
  const text = info.query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  const version = wholeVersion(text);
  if (version === undefined) throw new ApiError('', notWhole(text), { code: 500 });
  return version;
}

/** Beyond what a number can say exactly, a version is of a far future, whatever it is. */
function wholeVersion(text: string): number | undefined {
  return /^\d+$/.test(text) && BigInt(text) <= largestVersion ? Number(text) : undefined;
}

const largestVersion = 2n ** 64n - 1n;

function notWhole(text: string): string {
  const quoted = JSON.stringify(text);
  const why = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  return `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${why}`;
}

/** Waits until the cache knows what the client has seen: the version that it named, else the newest of the store. */
export async function waitForVersion(
  exchange: Exchange,
  cache: ResourceCache,
  version: number | undefined,
): Promise<void> {
  const wanted = version ?? (await exchange.server.storage.revision());
  if (wanted > cache.revision) await cache.waitFor(wanted, exchange.request.signal);
}

/** A whole number of the query; 0 where it is absent. @throws ApiError BadRequest */
export function numberOption({ info }: Exchange, name: string): number {
  const text = info.query.get(name) ?? '';
  return text === '' ? 0 : wholeNumber(text);
}

/** @throws ApiError BadRequest */
export function wholeNumber(text: string): number {
  if (!/^-?\d{1,15}$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** A switch of the query. */
export function booleanOption({ info }: Exchange, name: string): boolean {
  return querySwitch(info.query, name);
}
