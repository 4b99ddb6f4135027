import { posix } from 'node:path';
import { badRequest, decodeJson, JsonSyntaxError } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import {
  type FieldError,
  forbiddenField,
  invalidObject,
  notSupported,
  path,
} from '../validation/field-error.js';
import { booleanOption } from './read-options.js';

const matches = ['Exact', 'NotOlderThan'] as const;
export type ResourceVersionMatch = (typeof matches)[number];

/** How `resourceVersion` is meant, checked against the other options. Source: the API concepts page. */
export interface VersionOptions {
  readonly match: ResourceVersionMatch | undefined;
  /**
   * Watches only: whether to begin with the present objects, then a bookmark that says so. Who says nothing gets them
   * where he begins at no version or at 0. Source: apimachinery's `SetListOptionsDefaults`.
   */
  readonly sendInitialEvents: boolean;
}

/** @throws ApiError Invalid for options that exclude each other */
export function versionOptions(exchange: Exchange, isWatch: boolean): VersionOptions {
  const { query } = exchange.info;
  const text = query.get('resourceVersionMatch') ?? '';
  const match = matches.find((one) => one === text);
  const hasInitialEvents = query.has('sendInitialEvents');
  const errors = isWatch
    ? watchErrors(query, text, match, hasInitialEvents)
    : listErrors(query, text, match, hasInitialEvents);
  if (errors.length > 0)
    throw invalidObject({ group: 'meta.k8s.io', plural: 'listoptions', kind: 'ListOptions' }, '', errors);
  return {
    match,
    sendInitialEvents: hasInitialEvents
      ? booleanOption(exchange, 'sendInitialEvents')
      : isWatch && isFromStart(query),
  };
}

function isFromStart(query: URLSearchParams): boolean {
  return ['', '0'].includes(query.get('resourceVersion') ?? '');
}

const field = path('resourceVersionMatch');

function listErrors(
  query: URLSearchParams,
  text: string,
  match: ResourceVersionMatch | undefined,
  hasInitialEvents: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const resourceVersion = query.get('resourceVersion') ?? '';
  if (text !== '') {
    if (resourceVersion === '')
      errors.push(
        forbiddenField(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
      );
    if ((query.get('continue') ?? '') !== '')
      errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match === undefined) errors.push(notSupported(field, text, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0')
      errors.push(forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (hasInitialEvents)
    errors.push(forbiddenField(path('sendInitialEvents'), 'sendInitialEvents is forbidden for list'));
  return errors;
}

// Source: apimachinery's `ValidateListOptions`, and the defaults of a watch from the beginning.
function watchErrors(
  query: URLSearchParams,
  text: string,
  match: ResourceVersionMatch | undefined,
  hasInitialEvents: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const isDefaulted = text === '' && !hasInitialEvents && isFromStart(query);
  if (hasInitialEvents && match !== 'NotOlderThan')
    errors.push(
      forbiddenField(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    );
  if (text === '' && !isDefaulted) return errors;
  if (!hasInitialEvents && !isDefaulted)
    errors.push(
      forbiddenField(
        field,
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    );
  if (match !== 'NotOlderThan' && !isDefaulted) errors.push(notSupported(field, text, ['NotOlderThan']));
  if ((query.get('continue') ?? '') !== '')
    errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'));
  return errors;
}

/** Where a paged list goes on. */
export interface ContinueToken {
  /** Of the first page; undefined where that is gone and the newest will do. */
  readonly revision: number | undefined;
  /** The last key of the page before. */
  readonly startAfter: string;
  /** How many objects are left, which other servers do not say. */
  readonly remaining: number | undefined;
}

/** What upstream writes for a token without a revision. */
const anyRevision = -1;

/** As upstream writes it, so that a token survives a change of servers: the start is relative to the resource. */
export function encodeContinue({ revision, startAfter, remaining }: ContinueToken, prefix: string): string {
  const start = `${startAfter.slice(prefix.length)}\u0000`;
  const token = { v: 'meta.k8s.io/v1', rv: revision ?? anyRevision, start, remaining };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** @throws ApiError BadRequest */
export function decodeContinue(token: string, prefix: string): ContinueToken {
  const refusal = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const wrong = token.search(/[^A-Za-z0-9_-]/);
  if (wrong >= 0) throw refusal(`illegal base64 data at input byte ${wrong}`);
  let parsed: unknown;
  try {
    parsed = decodeJson(Buffer.from(token, 'base64url')).value;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw refusal(error.message);
  }
  const { v, rv, start, remaining } = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as Record<
    string,
    unknown
  >;
  if (v !== 'meta.k8s.io/v1')
    throw refusal(`server does not recognize this encoded version ${String(v ?? '')}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0)
    throw refusal('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '')
    throw refusal('encoded start key empty (version meta.k8s.io/v1)');
  if (posix.normalize(`/${start}`) !== `/${start}`) throw refusal(start);
  return {
    revision: rv < 0 ? undefined : rv,
    startAfter: prefix + (start.endsWith('\0') ? start.slice(0, -1) : start),
    remaining: typeof remaining === 'number' ? remaining : undefined,
  };
}
