import type { Kind, KubernetesObject, Status } from '@kubewright/api';
import type {
  ApplyInput,
  ApplyOptions,
  CallOptions,
  DeepPartial,
  DeleteCollectionOptions,
  DeleteOptions,
  GetOptions,
  IssuedToken,
  JsonPatchOperation,
  ListOptions,
  MergePatch,
  ObjectList,
  ObjectTable,
  TableOptions,
  TokenOptions,
  WatchOptions,
  WriteOptions,
} from './options.js';
import type { CopyOptions } from './remote/copy.js';
import type { AttachOptions, ExecOptions, RemoteProcess } from './remote/exec.js';
import { type LogOptions, readLog } from './remote/logs.js';
import type { PortForwardConnection } from './remote/port-forward.js';
import { mediaTypes } from './request/media-types.js';
import { resourcePath } from './request/path.js';
import { applyQuery, getQuery, listQuery, selectorQuery, tableQuery, writeQuery } from './request/query.js';
import type { Requester } from './request/requester.js';
import { type Scale, SubresourceClient } from './subresource-client.js';
import { type WaitOptions, waitForObject } from './wait.js';
import type { ObjectCache } from './watch/object-cache.js';
import { type ObjectEvent, openWatch } from './watch/watch.js';
import { type WatcherEvent, type WatcherOptions, watchObjects } from './watch/watcher.js';

/**
 * Typed access to one resource: `client.resource(Pod).namespace('web').get('a')`. Every kind has this same class.
 * Without a namespace, list, watch and deleteCollection reach over all of them, and writes take the object's own.
 * All calls throw ApiError for what the server refuses and TransportError when no answer came.
 */
export class ResourceClient<T extends KubernetesObject = KubernetesObject> {
  readonly kind: Kind<T>;
  /** The scope that {@link ResourceClient.namespace} set. */
  readonly scope: string | undefined;
  readonly #requester: Requester;
  /** What reads accept, where that is not the objects whole. */
  readonly #forms: { readonly object: string; readonly list: string } | undefined;

  constructor(
    requester: Requester,
    kind: Kind<T>,
    scope?: string,
    forms?: { readonly object: string; readonly list: string },
  ) {
    this.#requester = requester;
    this.kind = kind;
    this.scope = scope;
    this.#forms = forms;
  }

  /** The same resource within one namespace. A kind of the cluster stays as it is. */
  namespace(namespace: string | undefined): ResourceClient<T> {
    return new ResourceClient(
      this.#requester,
      this.kind,
      this.kind.scope === 'Namespaced' ? namespace : undefined,
      this.#forms,
    );
  }

  /** The same resource, of whose objects get, list and watch fetch the metadata only. */
  metadataOnly(): ResourceClient<KubernetesObject> {
    return new ResourceClient<KubernetesObject>(this.#requester, this.kind, this.scope, mediaTypes.metadata);
  }

  async get(name: string, options: GetOptions = {}): Promise<T> {
    return this.#requester.json<T>({
      method: 'GET',
      path: this.#objectPath(name),
      query: getQuery(options),
      ...(this.#forms === undefined ? {} : { accept: this.#forms.object }),
      ...bounds(options),
    });
  }

  /** One page; all objects where no limit is given. Items carry their apiVersion and kind. */
  async list(options: ListOptions = {}): Promise<ObjectList<T>> {
    const page = await this.#requester.json<ObjectList<T> & { items: T[] | null }>({
      method: 'GET',
      path: this.#collectionPath(),
      query: listQuery(options),
      ...(this.#forms === undefined ? {} : { accept: this.#forms.list }),
      ...bounds(options),
    });
    // An empty list of metadata is null on a kube-apiserver.
    page.items ??= [];
    // A server leaves both out of the items of a typed list (client-go has to know them too).
    for (const item of page.items) {
      item.apiVersion ??= this.kind.apiVersion;
      item.kind ??= this.kind.kind;
    }
    return page;
  }

  /** Page by page, of `limit` objects each (500 unless said otherwise), all of one revision. */
  async *pages(options: ListOptions = {}): AsyncGenerator<ObjectList<T>, void, undefined> {
    let page = await this.list({ limit: 500, ...options });
    yield page;
    while (page.metadata.continue) {
      // A continue token carries its revision, and the server refuses a second one beside it.
      page = await this.list({
        limit: 500,
        ...options,
        continue: page.metadata.continue,
        resourceVersion: undefined,
        resourceVersionMatch: undefined,
      });
      yield page;
    }
  }

  /** Object by object, fetched in pages. */
  async *listAll(options: ListOptions = {}): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages(options)) yield* page.items;
  }

  /** A list as the server prints it. With `includeObject: 'Object'` the rows have the objects, with `'None'` null. */
  table(options: TableOptions & { readonly includeObject: 'Object' }): Promise<ObjectTable<T>>;
  table(options: TableOptions & { readonly includeObject: 'None' }): Promise<ObjectTable<null>>;
  table(options?: TableOptions): Promise<ObjectTable<KubernetesObject>>;
  async table(options: TableOptions = {}): Promise<ObjectTable<unknown>> {
    return this.#requester.json<ObjectTable<unknown>>({
      method: 'GET',
      path: this.#collectionPath(),
      query: tableQuery(options),
      accept: mediaTypes.table,
      ...bounds(options),
    });
  }

  /** One watch request as it is: ends when the server ends it. {@link ResourceClient.watcher} goes on for ever. */
  watch(options: WatchOptions = {}): AsyncGenerator<ObjectEvent<T>, void, undefined> {
    return openWatch<T>(this.#requester, this.#collectionPath(), options, this.#forms?.object);
  }

  /** Lists and watches for ever, through every fault, until its signal aborts. */
  watcher(
    options: WatcherOptions & { readonly cache?: ObjectCache<T> | undefined } = {},
  ): AsyncGenerator<WatcherEvent<T>, void, undefined> {
    return watchObjects<T>(
      { list: (o) => this.list(o), watch: (o) => this.watch(o), streamsLists: true },
      { clock: this.#requester.clock, random: this.#requester.random, ...options },
    );
  }

  async create(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#requester.json<T>({
      method: 'POST',
      path: this.#collectionPath(object.metadata.namespace, 'create'),
      query: writeQuery(options, this.#requester.fieldManager),
      contentType: mediaTypes.json,
      body: this.#typed(object),
      ...bounds(options),
    });
  }

  /** Puts the object in place of the stored one. With `metadata.resourceVersion` only if that is still its state. */
  async replace(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#requester.json<T>({
      method: 'PUT',
      path: this.#objectPath(nameOf(object), object.metadata.namespace),
      query: writeQuery(options, this.#requester.fieldManager),
      contentType: mediaTypes.json,
      body: this.#typed(object),
      conditional: object.metadata.resourceVersion !== undefined,
      ...bounds(options),
    });
  }

  async patchJson(
    name: string,
    patch: readonly JsonPatchOperation[],
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#patch(name, mediaTypes.jsonPatch, patch, options);
  }

  /** RFC 7386: null deletes, a list replaces the list. */
  async patchMerge(name: string, patch: MergePatch<T>, options: WriteOptions = {}): Promise<T> {
    return this.#patch(name, mediaTypes.mergePatch, patch, options);
  }

  /** Lists are merged by their keys, as the schema says. Built-in kinds only. */
  async patchStrategic(
    name: string,
    patch: DeepPartial<T> | Readonly<Record<string, unknown>>,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#patch(name, mediaTypes.strategicMergePatch, patch, options);
  }

  /** Server-side apply: makes the object, or makes it have these fields, owned by the field manager. */
  async apply(object: ApplyInput<T>, options: ApplyOptions = {}): Promise<T> {
    return this.#requester.json<T>({
      method: 'PATCH',
      path: this.#objectPath(object.metadata.name, namespaceOf(object)),
      query: applyQuery(options, this.#requester.fieldManager),
      contentType: mediaTypes.apply,
      body: this.#typed(object),
      // Applying the same intent twice has the effect of applying it once.
      conditional: true,
      ...bounds(options),
    });
  }

  /** The object in its last state, or as it is while it still waits for grace or finalizers; or a Status. */
  async delete(name: string, options: DeleteOptions = {}): Promise<T | Status> {
    return this.#requester.json<T | Status>({
      method: 'DELETE',
      path: this.#objectPath(name),
      contentType: mediaTypes.json,
      body: deleteBody(options),
      conditional: options.preconditions?.uid !== undefined,
      ...bounds(options),
    });
  }

  async deleteCollection(options: DeleteCollectionOptions = {}): Promise<void> {
    await this.#requester.json({
      method: 'DELETE',
      path: this.#collectionPath(),
      query: selectorQuery(options),
      contentType: mediaTypes.json,
      body: deleteBody(options),
      ...bounds(options),
    });
  }

  /** The status, written apart from the rest. */
  get status(): SubresourceClient<T> {
    return this.subresource<T>('status');
  }

  /** The replica count that every scalable kind has in one form. */
  get scale(): SubresourceClient<Scale> {
    return this.subresource<Scale>('scale');
  }

  /** Any subresource by its name, which speaks objects of type S. */
  subresource<S extends KubernetesObject = KubernetesObject>(name: string): SubresourceClient<S> {
    return new SubresourceClient<S>(
      this.#requester,
      name,
      this.kind.subresources[name],
      (object, namespace) => this.#objectPath(object, namespace),
    );
  }

  /** Places a pod on a node. */
  async bind(name: string, nodeName: string, options: WriteOptions = {}): Promise<void> {
    await this.subresource('binding').create(
      name,
      {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, ...(this.scope === undefined ? {} : { namespace: this.scope }) },
        target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
      } as KubernetesObject,
      options,
    );
  }

  /** Deletes unless a disruption budget forbids it (429). */
  async evict(name: string, options: DeleteOptions = {}): Promise<void> {
    await this.subresource('eviction').create(
      name,
      {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, ...(this.scope === undefined ? {} : { namespace: this.scope }) },
        deleteOptions: deleteBody(options),
      } as KubernetesObject,
      bounds(options),
    );
  }

  /** A new token of a service account. */
  async token(name: string, options: TokenOptions = {}): Promise<IssuedToken> {
    const { audiences = [], expirationSeconds, boundObject: boundObjectRef } = options;
    const request = {
      metadata: {},
      spec: { audiences: [...audiences], expirationSeconds, boundObjectRef },
    };
    const { status } = await this.subresource<KubernetesObject & { readonly status?: IssuedToken }>(
      'token',
    ).create(name, request, bounds(options));
    if (status === undefined) throw new Error(`the server issued no token for ${name}`);
    return status;
  }

  /** The lines of a container's log, without line ends; with `follow` as they are written. */
  logs(name: string, options: LogOptions = {}): AsyncGenerator<string, void, undefined> {
    return readLog(this.#requester, this.#objectPath(name, undefined, 'log'), options);
  }

  /** Runs a command in a container. */
  async exec(name: string, options: ExecOptions): Promise<RemoteProcess> {
    // Loaded when it is asked for, as below: most programs never do.
    const { openRemoteProcess } = await import('./remote/exec.js');
    return openRemoteProcess(this.#requester, this.#objectPath(name, undefined, 'exec'), options);
  }

  /** Joins a container's running process. */
  async attach(name: string, options: AttachOptions = {}): Promise<RemoteProcess> {
    const { openRemoteProcess } = await import('./remote/exec.js');
    return openRemoteProcess(this.#requester, this.#objectPath(name, undefined, 'attach'), options);
  }

  /** One connection to a port of a pod. */
  async portForward(name: string, port: number, options: CallOptions = {}): Promise<PortForwardConnection> {
    const [connection] = await this.portForwards(name, [port], options);
    if (connection === undefined) throw new Error('a port has no connection');
    return connection;
  }

  /** A connection to each of several ports of a pod, all over one connection to the server. */
  async portForwards(
    name: string,
    ports: readonly number[],
    options: CallOptions = {},
  ): Promise<readonly PortForwardConnection[]> {
    const { openPortForwards } = await import('./remote/port-forward.js');
    return openPortForwards(
      this.#requester,
      this.#objectPath(name, undefined, 'portforward'),
      ports,
      options,
    );
  }

  /** Copies a file or directory of this machine to a path in a container, which needs `tar`. On Node only. */
  async copyTo(name: string, from: string, to: string, options: CopyOptions = {}): Promise<void> {
    const { copyToContainer } = await import('./remote/copy.js');
    return copyToContainer((exec) => this.exec(name, exec), from, to, options);
  }

  /**
   * Copies a file or directory of a container, which needs `tar`, to a path of this machine. On Node only.
   * @returns the links in it, which are left out, since they could lead anywhere
   */
  async copyFrom(
    name: string,
    from: string,
    to: string,
    options: CopyOptions = {},
  ): Promise<readonly string[]> {
    const { copyFromContainer } = await import('./remote/copy.js');
    return copyFromContainer((exec) => this.exec(name, exec), from, to, options);
  }

  /**
   * Watches one object until the condition holds, and gives the object as it was then: undefined when the condition
   * held of an absent one. @throws the signal's reason, or a TimeoutError after `timeoutMs`
   */
  waitFor(
    name: string,
    condition: (object: T | undefined) => boolean,
    options: WaitOptions = {},
  ): Promise<T | undefined> {
    return waitForObject((watcherOptions) => this.watcher(watcherOptions), name, condition, {
      clock: this.#requester.clock,
      ...options,
    });
  }

  #patch(name: string, contentType: string, patch: unknown, options: WriteOptions): Promise<T> {
    return this.#requester.json<T>({
      method: 'PATCH',
      path: this.#objectPath(name),
      query: writeQuery(options, this.#requester.fieldManager),
      contentType,
      body: patch,
      ...bounds(options),
    });
  }

  #typed(object: object): object {
    return { ...object, apiVersion: this.kind.apiVersion, kind: this.kind.kind };
  }

  #collectionPath(ownNamespace?: string, verb?: 'create'): string {
    const namespace = this.scope ?? ownNamespace;
    if (verb === 'create' && namespace === undefined) this.#requireNamespace();
    return resourcePath(this.kind, { namespace });
  }

  #objectPath(name: string, ownNamespace?: string, subresource?: string): string {
    const namespace = this.scope ?? ownNamespace;
    if (namespace === undefined) this.#requireNamespace();
    return resourcePath(this.kind, { namespace, name, subresource });
  }

  #requireNamespace(): void {
    if (this.kind.scope === 'Namespaced')
      throw new TypeError(
        `a ${this.kind.kind} lives in a namespace: say which with .namespace(…) or in metadata.namespace`,
      );
  }
}

/** The signal and deadline of a call's options, without the rest. */
function bounds(options: CallOptions): CallOptions {
  return { signal: options.signal, timeoutMs: options.timeoutMs };
}

function nameOf(object: KubernetesObject): string {
  if (!object.metadata.name) throw new TypeError('the object has no metadata.name');
  return object.metadata.name;
}

function namespaceOf(object: { readonly metadata: object }): string | undefined {
  return 'namespace' in object.metadata && typeof object.metadata.namespace === 'string'
    ? object.metadata.namespace
    : undefined;
}

function deleteBody(options: DeleteOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    gracePeriodSeconds: options.gracePeriodSeconds,
    propagationPolicy: options.propagationPolicy,
    preconditions: options.preconditions,
    dryRun: options.dryRun ? ['All'] : undefined,
  };
}
