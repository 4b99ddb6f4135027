import { badRequest } from '@kubewright/api';
import { querySwitch } from './query-switch.js';

/** What the path and the method ask for, before anything is looked up. Source: apiserver's `RequestInfo`. */
export interface RequestInfo {
  /** True for paths below `/api/VERSION` and `/apis/GROUP/VERSION` that name a resource. */
  readonly isResource: boolean;
  /** `get`, `list`, `watch`, `create`, … for resources; the method in lower case elsewhere. */
  readonly verb: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  /** True where the path goes through a namespace; the path of a namespace itself names one and goes through none. */
  readonly inNamespace: boolean;
  /** The plural. */
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path segments behind the subresource (`/proxy/a/b`). */
  readonly rest: readonly string[];
}

const verbsOfMethods: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Subresources of namespaces; any other third segment below a namespace is a resource in it. */
const namespaceSubresources = new Set(['status', 'finalize']);

/** Shared by all requests without a query; nobody changes it. */
const emptyQuery = new URLSearchParams();

/**
 * Reads method and URL. A path that is no resource path still gets an answer: `isResource` is false.
 * @throws ApiError BadRequest when the path is not valid percent-encoding
 */
export function parseRequestInfo(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? emptyQuery : new URLSearchParams(url.slice(mark + 1));
  const segments = segmentsOf(path);
  const grouped = segments[0] === 'apis';
  if (!grouped && segments[0] !== 'api')
    return { ...noResource, verb: method.toLowerCase(), path, query, group: '', version: '' };
  const group = grouped ? (segments[1] ?? '') : '';
  const version = (grouped ? segments[2] : segments[1]) ?? '';
  let at = grouped ? 3 : 2;
  if (segments.length <= at)
    return { ...noResource, verb: method.toLowerCase(), path, query, group, version };
  // The old form /api/v1/watch/… is a watch of what follows.
  const oldWatch = segments[at] === 'watch' && segments.length > at + 1;
  if (oldWatch) at++;
  let namespace = '';
  let inNamespace = false;
  if (segments[at] === 'namespaces' && segments[at + 1] !== undefined) {
    namespace = segments[at + 1] ?? '';
    const next = segments[at + 2];
    inNamespace = next !== undefined && !namespaceSubresources.has(next);
    if (inNamespace) at += 2;
  }
  const name = segments[at + 1] ?? '';
  return {
    isResource: true,
    verb: verbOf(method, name, query, oldWatch),
    path,
    query,
    group,
    version,
    namespace,
    inNamespace,
    resource: segments[at] ?? '',
    name,
    subresource: segments[at + 2] ?? '',
    rest: segments.length > at + 3 ? segments.slice(at + 3) : none,
  };
}

const none: readonly string[] = [];
const noResource = {
  isResource: false,
  namespace: '',
  inNamespace: false,
  resource: '',
  subresource: '',
  name: '',
  rest: none,
};

function verbOf(method: string, name: string, query: URLSearchParams, oldWatch: boolean): string {
  const verb = verbsOfMethods[method] ?? '';
  if (verb === 'delete' && name === '') return 'deletecollection';
  if (verb !== 'get') return verb;
  if (oldWatch || (name === '' && querySwitch(query, 'watch'))) return 'watch';
  return name === '' ? 'list' : 'get';
}

function segmentsOf(path: string): string[] {
  const trimmed = path.replace(/^\/+/, '').replace(/\/+$/, '');
  if (!trimmed.includes('%')) return trimmed.split('/');
  try {
    return trimmed.split('/').map(decodeURIComponent);
  } catch (cause) {
    throw badRequest(`the path ${path} is not valid percent-encoding: ${String(cause)}`);
  }
}
