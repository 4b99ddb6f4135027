import { apiVersionOf, type Kind, type KubernetesObject, type Status } from '@kubewright/api';
import {
  Client,
  type Clock,
  inProcessTransport,
  type TransportRequest,
  type TransportResponse,
} from '@kubewright/client';

/** What a test is to see of a request that was answered. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

interface Watcher {
  readonly prefix: string;
  readonly matches: (object: KubernetesObject) => boolean;
  readonly push: (event: object) => void;
}

/**
 * As much of an API server as the tests of the node's parts need: objects in memory, lists, watches, writes, deletion
 * with grace. No defaults, no validation, no history; strategic patches merge `conditions` by type and nothing else.
 */
export class FakeApi {
  readonly requests: SeenRequest[] = [];
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #watchers = new Set<Watcher>();
  readonly #waiting = new Set<() => void>();
  #revision = 0;

  /** A client of this server. */
  client(clock?: Clock): Client {
    return new Client(
      inProcessTransport((request) => this.#handle(request)),
      clock === undefined ? {} : { clock },
    );
  }

  get<T extends KubernetesObject>(kind: Kind<T>, name: string, namespace?: string): T | undefined {
    return this.#objects.get(pathOf(kind, name, namespace)) as T | undefined;
  }

  list<T extends KubernetesObject>(kind: Kind<T>): T[] {
    return [...this.#objects]
      .filter(([path]) => path.includes(`/${kind.plural}/`))
      .map(([, object]) => object as T);
  }

  /** Puts an object there, in place of one of its name. */
  put<T extends KubernetesObject>(kind: Kind<T>, object: T): T {
    const path = pathOf(kind, object.metadata.name ?? '', object.metadata.namespace);
    return this.#store(path, { ...object, apiVersion: kind.apiVersion, kind: kind.kind }) as T;
  }

  /** Removes an object, as if all of its grace and finalizers were over. */
  remove<T extends KubernetesObject>(kind: Kind<T>, name: string, namespace?: string): void {
    this.#drop(pathOf(kind, name, namespace));
  }

  /** Resolves when the condition holds, which is asked after every change. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async #handle(request: TransportRequest): Promise<TransportResponse> {
    const query = request.query ?? new URLSearchParams();
    const body =
      request.body === undefined ? undefined : (JSON.parse(String(request.body)) as KubernetesObject);
    // As a server without streamed lists: the client then asks for pages.
    if (query.has('sendInitialEvents')) return failure(422, 'Invalid');
    if (query.get('watch')) return this.#watch(request, query);
    this.requests.push({ method: request.method, path: request.path, body });
    const path = request.path.replace(/\/status$/, '');
    const known = this.#objects.get(path);
    switch (request.method) {
      case 'GET':
        if (known !== undefined) return answer(200, known);
        return path.split('/').length % 2 === (path.startsWith('/apis/') ? 0 : 1)
          ? missing()
          : this.#list(path, query);
      case 'POST': {
        const at = `${path}/${body?.metadata.name}`;
        if (this.#objects.has(at)) return failure(409, 'AlreadyExists');
        return answer(201, this.#store(at, body!));
      }
      case 'PATCH': {
        if (known === undefined) return missing();
        const uid = body?.metadata?.uid;
        if (uid !== undefined && uid !== known.metadata.uid) return failure(409, 'Conflict');
        return answer(200, this.#store(path, merge(known, body) as KubernetesObject));
      }
      case 'DELETE': {
        if (known === undefined) return missing();
        if ((body as { gracePeriodSeconds?: number } | undefined)?.gracePeriodSeconds === 0) this.#drop(path);
        return answer(200, known);
      }
      default:
        return failure(405, 'MethodNotAllowed');
    }
  }

  #list(path: string, query: URLSearchParams): TransportResponse {
    const matches = fieldFilter(query.get('fieldSelector'));
    const items = [...this.#objects].filter(([at, o]) => isBelow(at, path) && matches(o)).map(([, o]) => o);
    return answer(200, {
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: String(this.#revision) },
      items,
    });
  }

  #watch(request: TransportRequest, query: URLSearchParams): TransportResponse {
    const queue: object[] = [];
    let wake: (() => void) | undefined;
    const watcher: Watcher = {
      prefix: request.path,
      matches: fieldFilter(query.get('fieldSelector')),
      push: (event) => {
        queue.push(event);
        wake?.();
      },
    };
    this.#watchers.add(watcher);
    const from = Number(query.get('resourceVersion') ?? '0');
    for (const [path, object] of this.#objects)
      if (
        isBelow(path, watcher.prefix) &&
        watcher.matches(object) &&
        Number(object.metadata.resourceVersion) > from
      )
        watcher.push({ type: 'ADDED', object });
    const watchers = this.#watchers;
    async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
      const { signal } = request;
      signal?.addEventListener('abort', () => wake?.(), { once: true });
      try {
        while (!signal?.aborted) {
          for (const event of queue.splice(0)) yield Buffer.from(`${JSON.stringify(event)}\n`);
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (queue.length > 0 || signal?.aborted) resolve();
          });
        }
        throw signal?.reason;
      } finally {
        watchers.delete(watcher);
      }
    }
    return { status: 200, headers: { 'content-type': 'application/json' }, body: body() };
  }

  #store(path: string, object: KubernetesObject): KubernetesObject {
    const before = this.#objects.get(path);
    this.#revision += 1;
    const stored: KubernetesObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? before?.metadata.uid ?? `uid-${this.#revision}`,
        resourceVersion: String(this.#revision),
      },
    };
    this.#objects.set(path, stored);
    this.#tell(path, before === undefined ? 'ADDED' : 'MODIFIED', stored);
    return stored;
  }

  #drop(path: string): void {
    const object = this.#objects.get(path);
    if (object === undefined) return;
    this.#objects.delete(path);
    this.#revision += 1;
    this.#tell(path, 'DELETED', {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#revision) },
    });
  }

  #tell(path: string, type: string, object: KubernetesObject): void {
    for (const watcher of this.#watchers)
      if (isBelow(path, watcher.prefix) && watcher.matches(object)) watcher.push({ type, object });
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function pathOf(kind: Kind, name: string, namespace: string | undefined): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind.group, kind.version)}`;
  return `${root}${kind.scope === 'Namespaced' ? `/namespaces/${namespace ?? 'default'}` : ''}/${kind.plural}/${name}`;
}

/** Whether an object's path belongs to a collection, of one namespace or of all. */
function isBelow(path: string, collection: string): boolean {
  const own = path.slice(0, path.lastIndexOf('/'));
  return own === collection || own.replace(/\/namespaces\/[^/]+(?=\/)/, '') === collection;
}

/** `a.b=c` only. */
function fieldFilter(selector: string | null): (object: KubernetesObject) => boolean {
  if (!selector) return () => true;
  const [field = '', wanted] = selector.split('=');
  return (object) =>
    field
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object) === wanted;
}

function merge(target: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) return patch.filter((item) => (item as { $patch?: string }).$patch === undefined);
  if (typeof patch !== 'object' || patch === null) return patch;
  const merged: Record<string, unknown> = { ...(target as Record<string, unknown> | undefined) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (key === 'conditions' && Array.isArray(value)) merged[key] = mergeByType(merged[key], value);
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

function mergeByType(old: unknown, patch: readonly { readonly type: string }[]): unknown[] {
  const byType = new Map(((old ?? []) as { readonly type: string }[]).map((item) => [item.type, item]));
  for (const item of patch) byType.set(item.type, merge(byType.get(item.type), item) as { type: string });
  return [...byType.values()];
}

function answer(status: number, body: object): TransportResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: (async function* () {
      yield Buffer.from(JSON.stringify(body));
    })(),
  };
}

function failure(code: number, reason: string): TransportResponse {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: reason,
    reason,
    code,
  };
  return answer(code, status);
}

function missing(): TransportResponse {
  return failure(404, 'NotFound');
}
