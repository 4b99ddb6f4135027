import { Service } from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import { type Client, type Clock, type Informer, systemClock } from '@kubewright/client';
import type { Logger } from 'pino';
import { EventRecorder } from '../events/event-recorder.js';
import {
  type Backend,
  type Frontend,
  frontendKey,
  frontendsOf,
  hostPort,
  type ProxyNode,
} from './frontend.js';
import type { FrontendListener, ListenerOptions } from './listener.js';
import { LocalAddresses } from './local-addresses.js';
import { TcpListener } from './tcp-listener.js';
import { UdpListener } from './udp-listener.js';

export interface ProxyOptions {
  readonly signal?: AbortSignal;
  readonly logger: Logger;
  readonly nodeName: string;
  /** Where node ports are served. */
  readonly nodeIPs: readonly string[];
  /**
   * The range of cluster IPs, made local to this machine while the proxy runs. No other cluster of the machine may
   * have it. @default each address by itself
   */
  readonly serviceRange?: string;
  readonly clock?: Clock;
}

export interface ServiceProxy {
  /** The frontends that are served now, as `TCP 10.96.0.1:443`. */
  readonly frontends: readonly string[];
  /** Resolves when everything has ended and what was set up on the machine is gone. */
  close(): Promise<void>;
}

/**
 * Makes Services reachable on this node by forwarding connections from cluster IPs and node ports to ready endpoints.
 * Resolves when all Services there are are served.
 */
export async function startProxy(client: Client, options: ProxyOptions): Promise<ServiceProxy> {
  const proxy = new ForwardingProxy(client, options);
  options.signal?.addEventListener('abort', () => void proxy.close(), { once: true });
  try {
    await proxy.start();
  } catch (error) {
    await proxy.close();
    throw error;
  }
  return proxy;
}

interface Served {
  /** `namespace/name` of the Service. */
  readonly owner: string;
  readonly listener: FrontendListener;
}

const serviceNameLabel = 'kubernetes.io/service-name';

class ForwardingProxy implements ServiceProxy {
  readonly #options: ProxyOptions;
  readonly #clock: Clock;
  readonly #node: ProxyNode;
  readonly #stop = new AbortController();
  readonly #addresses: LocalAddresses;
  readonly #events: EventRecorder;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice, 'service'>;
  readonly #served = new Map<string, Served>();
  /** Those whose Services are gone while connections may still be under way. */
  readonly #draining = new Set<FrontendListener>();
  /** Frontends by the Service that has them. */
  readonly #owned = new Map<string, Set<string>>();
  readonly #dirty = new Set<string>();
  #flushing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(client: Client, options: ProxyOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#node = { name: options.nodeName, addresses: options.nodeIPs };
    this.#addresses = new LocalAddresses(options.serviceRange, options.logger);
    this.#events = new EventRecorder(client, {
      component: 'kube-proxy',
      host: options.nodeName,
      logger: options.logger,
      clock: this.#clock,
    });
    this.#services = client.informer(Service);
    this.#slices = client.informer(EndpointSlice, { indexes: { service: (slice) => [ownerOf(slice)] } });
  }

  get frontends(): readonly string[] {
    return [...this.#served.keys()];
  }

  async start(): Promise<void> {
    await this.#addresses.open();
    const { signal } = this.#stop;
    const changed = (service: Service) => this.#mark(keyOf(service));
    const moved = (slice: EndpointSlice) => this.#mark(ownerOf(slice));
    this.#services.on({ add: changed, update: changed, delete: changed });
    this.#slices.on({
      add: moved,
      update: (slice, previous) => {
        moved(previous);
        moved(slice);
      },
      delete: moved,
    });
    this.#services.start(signal);
    this.#slices.start(signal);
    await Promise.all([this.#services.synced, this.#slices.synced]);
    this.#mark();
    await this.#flushing;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#stop.abort(new Error('the proxy is closing'));
    await this.#flushing;
    for (const { listener } of this.#served.values()) listener.destroy();
    for (const listener of this.#draining) listener.destroy();
    this.#served.clear();
    this.#draining.clear();
    await this.#addresses.close();
  }

  /** Notes that a Service is to be looked at; those noted in one turn are looked at together. */
  #mark(key?: string): void {
    if (key !== undefined) this.#dirty.add(key);
    // Before both lists are there, a Service would seem to have no endpoints.
    if (!this.#services.hasSynced || !this.#slices.hasSynced || this.#flushing !== undefined) return;
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined;
      if (this.#dirty.size > 0 && !this.#stop.signal.aborted) this.#mark();
    });
  }

  async #flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const keys = [...this.#dirty];
    this.#dirty.clear();
    for (const key of keys) {
      if (this.#stop.signal.aborted) return;
      await this.#apply(key);
    }
  }

  /** Makes what is served for one Service what it should be. */
  async #apply(key: string): Promise<void> {
    const [namespace, name = ''] = key.split('/');
    const service = this.#services.get(name, namespace);
    const frontends =
      service === undefined ? [] : frontendsOf(service, this.#slices.byIndex('service', key), this.#node);
    const wanted = new Map(frontends.map((frontend) => [frontendKey(frontend), frontend]));
    for (const old of this.#owned.get(key) ?? []) if (!wanted.has(old)) this.#drop(old);
    if (wanted.size === 0) this.#owned.delete(key);
    else this.#owned.set(key, new Set(wanted.keys()));
    for (const [id, frontend] of wanted) {
      const served = this.#served.get(id);
      if (served?.owner === key) served.listener.update(frontend);
      else if (served === undefined) {
        if (service?.spec?.clusterIPs?.includes(frontend.ip) ?? service?.spec?.clusterIP === frontend.ip)
          await this.#addresses.add(frontend.ip);
        if (this.#stop.signal.aborted) return;
        this.#served.set(id, { owner: key, listener: this.#listener(frontend, key) });
      } else this.#owned.get(key)?.delete(id);
    }
  }

  #drop(id: string): void {
    const served = this.#served.get(id);
    if (served === undefined) return;
    this.#served.delete(id);
    this.#draining.add(served.listener);
    void served.listener.drain().then(() => this.#draining.delete(served.listener));
  }

  #listener(frontend: Frontend, owner: string): FrontendListener {
    let told = false;
    const options: ListenerOptions = {
      clock: this.#clock,
      isOwn: (backend: Backend) => this.#served.has(frontendKey({ ...backend, protocol: frontend.protocol })),
      onFailure: (error) => {
        // Once is enough: it is tried again until it works.
        const level = told ? 'debug' : 'warn';
        this.#options.logger[level]({ err: error, service: owner }, `cannot serve ${frontendKey(frontend)}`);
        if (!told) this.#tell(owner, frontend, error);
        told = true;
      },
    };
    return frontend.protocol === 'TCP'
      ? new TcpListener(frontend, options)
      : new UdpListener(frontend, options);
  }

  #tell(owner: string, frontend: Frontend, error: NodeJS.ErrnoException): void {
    const [namespace, name = ''] = owner.split('/');
    const service = this.#services.get(name, namespace);
    if (service === undefined) return;
    this.#events.record(service, {
      type: 'Warning',
      reason: 'FailedToListen',
      message: `node ${this.#node.name} cannot listen on ${hostPort(frontend)} (${frontend.protocol}): ${remedy(error)}`,
    });
  }
}

/** What went wrong, and what the user can do. */
function remedy(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EACCES':
      return 'permission denied; run the node as root, give it CAP_NET_BIND_SERVICE, or use a port from 1024 on';
    case 'EADDRNOTAVAIL':
      return 'the address is not one of this machine; run the node as root, so that it can make the range of services local';
    case 'EADDRINUSE':
      return 'the port is in use; stop the process that listens on it on all addresses, or use another port';
    default:
      return error.message;
  }
}

function keyOf({ metadata }: Service): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function ownerOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`;
}
