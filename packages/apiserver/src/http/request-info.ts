import { badRequest } from '@kubewright/api';

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

/**
 * Reads method and URL. A path that is no resource path still gets an answer: `isResource` is false.
 * @throws ApiError BadRequest when the path is not valid percent-encoding
 */
export function parseRequestInfo(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const segments = segmentsOf(path);
  const plain: RequestInfo = {
    isResource: false,
    verb: method.toLowerCase(),
    path,
    query,
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: [],
  };
  const grouped = segments[0] === 'apis';
  if (!grouped && segments[0] !== 'api') return plain;
  const [group, version, parts] = grouped
    ? [segments[1] ?? '', segments[2] ?? '', segments.slice(3)]
    : ['', segments[1] ?? '', segments.slice(2)];
  if (parts.length === 0 || parts[0] === '') return { ...plain, group, version };
  return resourceInfo({ ...plain, group, version }, method, parts);
}

function resourceInfo(base: RequestInfo, method: string, parts: readonly string[]): RequestInfo {
  let namespace = '';
  let rest = parts;
  // The old form /api/v1/watch/… is a watch of what follows.
  const oldWatch = rest[0] === 'watch' && rest.length > 1;
  if (oldWatch) rest = rest.slice(1);
  if (rest[0] === 'namespaces' && rest[1] !== undefined) {
    namespace = rest[1];
    if (rest[2] !== undefined && !namespaceSubresources.has(rest[2])) rest = rest.slice(2);
  }
  const resource = rest[0] ?? '';
  const name = rest[1] ?? '';
  const subresource = rest[2] ?? '';
  return {
    ...base,
    isResource: true,
    verb: verbOf(method, name, base.query, oldWatch),
    namespace,
    resource,
    name,
    subresource,
    rest: rest.slice(3),
  };
}

function verbOf(method: string, name: string, query: URLSearchParams, oldWatch: boolean): string {
  const verb = verbsOfMethods[method] ?? '';
  if (verb === 'delete' && name === '') return 'deletecollection';
  if (verb !== 'get') return verb;
  const watch = query.get('watch');
  if (oldWatch || (name === '' && watch !== null && watch !== 'false' && watch !== '0')) return 'watch';
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
