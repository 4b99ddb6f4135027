import type { Kind, KubernetesObject } from '@kubewright/api';
import type { ApplyObjectsOptions, ApplyObjectsResult } from './apply-objects.js';
import { Discovery } from './discovery/discovery.js';
import { type Indexes, Informer, type InformerOptions } from './informer/informer.js';
import { SharedInformer } from './informer/shared-informer.js';
import type { ConnectionOptions } from './kubeconfig/connection.js';
import type { LoadOptions } from './kubeconfig/load.js';
import type { CallOptions } from './options.js';
import { queryOf } from './request/query.js';
import { Requester, type RequesterOptions } from './request/requester.js';
import { ResourceClient } from './resource-client.js';
import type { Transport } from './transport/transport.js';
import type { WatcherState } from './watch/watcher.js';

export interface ClientOptions extends RequesterOptions {
  /** Where the faults of informers' handlers go. @default thrown where nothing catches them, which ends the process */
  readonly onError?: (error: unknown) => void;
  /** What the watches of informers do, for logs and metrics: an informer itself never fails, it waits. */
  readonly onWatcherState?: (kind: Kind, state: WatcherState) => void;
}

/** What `/version` says. */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly platform: string;
}

/** Access to one API server. */
export class Client {
  /** Sends a call of any kind: for paths that are no resources. */
  readonly requester: Requester;
  readonly discovery: Discovery;
  /** The namespace that the kubeconfig's context names. */
  readonly defaultNamespace: string;
  readonly #informers = new Map<string, unknown>();
  readonly #transforms = new WeakMap<object, number>();
  #transformCount = 0;
  readonly #transport: Transport;
  readonly #options: ClientOptions;
  readonly #onError: ClientOptions['onError'];
  readonly #onWatcherState: ClientOptions['onWatcherState'];

  constructor(transport: Transport, options: ClientOptions & { readonly defaultNamespace?: string } = {}) {
    this.#transport = transport;
    this.#options = options;
    this.requester = new Requester(transport, options);
    this.discovery = new Discovery(this.requester);
    this.defaultNamespace = options.defaultNamespace ?? 'default';
    this.#onError = options.onError;
    this.#onWatcherState = options.onWatcherState;
  }

  /** A client with the same settings and caches of its own, whose requests pass through what wraps this one's transport. */
  through(wrap: (transport: Transport) => Transport): Client {
    return new Client(wrap(this.#transport), {
      ...this.#options,
      defaultNamespace: this.defaultNamespace,
    });
  }

  /** The cluster that a kubeconfig names: `$KUBECONFIG`, `~/.kube/config`, or the pod that this runs in. */
  static async fromKubeconfig(options: LoadOptions & ClientOptions = {}): Promise<Client> {
    const { loadConnection } = await import('./kubeconfig/load.js');
    return Client.fromConnection(await loadConnection(options), options);
  }

  /** A connection whose parts are known: server, CA, credentials. */
  static async fromConnection(connection: ConnectionOptions, options: ClientOptions = {}): Promise<Client> {
    const { httpsTransport } = await import('./transport/https.js');
    return new Client(await httpsTransport(connection), {
      ...(connection.namespace === undefined ? {} : { defaultNamespace: connection.namespace }),
      ...options,
    });
  }

  resource<T extends KubernetesObject>(kind: Kind<T>): ResourceClient<T> {
    return new ResourceClient<T>(this.requester, kind);
  }

  /** Access to a kind known by name only, which the server is asked about. @throws ApiError when it has none such */
  async dynamic(
    type: { readonly apiVersion: string; readonly kind: string },
    options: CallOptions = {},
  ): Promise<ResourceClient<KubernetesObject>> {
    return this.resource(await this.discovery.kindOf(type, options));
  }

  /** A cache of a kind's objects; see {@link Informer}. It does nothing before its `start`. */
  informer<T extends KubernetesObject, I extends string = never>(
    kind: Kind<T>,
    options: InformerOptions<T, I> = {},
  ): Informer<T, I> {
    const key = JSON.stringify([
      kind.apiVersion,
      kind.plural,
      options.namespace,
      options.labelSelector,
      options.fieldSelector,
      options.metadataOnly === true,
      this.#transformId(options.transform),
    ]);
    // The key holds the kind, so what is stored under it has objects of type T.
    let shared = this.#informers.get(key) as SharedInformer<T> | undefined;
    if (shared === undefined) {
      const whole = this.resource(kind).namespace(options.namespace);
      // What is typed T then has T's metadata; who asks for it knows.
      const resource = options.metadataOnly ? (whole.metadataOnly() as unknown as ResourceClient<T>) : whole;
      const { labelSelector, fieldSelector } = options;
      shared = new SharedInformer<T>(
        (watcherOptions) =>
          resource.watcher({
            ...watcherOptions,
            labelSelector,
            fieldSelector,
            onState: (state) => this.#onWatcherState?.(kind, state),
          }),
        {
          clock: this.requester.clock,
          transform: options.transform,
          onError: this.#onError,
          onIdle: () => this.#informers.delete(key),
        },
      );
      this.#informers.set(key, shared);
    }
    return new Informer(shared, options.indexes ?? ({} as Indexes<T, I>));
  }

  /** A number of its own for each function: only informers with the same one share. */
  #transformId(transform: object | undefined): number {
    if (transform === undefined) return 0;
    const known = this.#transforms.get(transform) ?? ++this.#transformCount;
    this.#transforms.set(transform, known);
    return known;
  }

  /** Server-side apply of objects of any kinds, in an order in which each finds what it needs. */
  async applyObjects(
    objects: readonly KubernetesObject[],
    options: ApplyObjectsOptions = {},
  ): Promise<ApplyObjectsResult> {
    const { applyObjects } = await import('./apply-objects.js');
    return applyObjects(this, objects, options);
  }

  /** GET of any path that answers with JSON. */
  getPath<R>(
    path: string,
    query: Readonly<Record<string, string>> = {},
    options: CallOptions = {},
  ): Promise<R> {
    return this.requester.json<R>({ method: 'GET', path, query: queryOf(query), ...options });
  }

  version(options: CallOptions = {}): Promise<VersionInfo> {
    return this.getPath<VersionInfo>('/version', {}, options);
  }

  /** Ends what is under way and gives up the connections. Informers are ended by their own signals. */
  close(): Promise<void> {
    return this.requester.close();
  }
}
