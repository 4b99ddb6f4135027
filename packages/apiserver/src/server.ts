import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { AdmissionChain } from './admission/admission-chain.js';
import type { AdmissionPlugin } from './admission/admission-plugin.js';
import { builtinPlugins, type PluginSelection } from './admission/builtin-plugins.js';
import { Aggregator } from './aggregation/aggregator.js';
import type { AggregatorOptions } from './aggregation/remote-server.js';
import { Audit, type AuditOptions } from './audit/audit.js';
import { Authentication, type AuthenticationOptions } from './auth/authentication.js';
import {
  Authorization,
  type AuthorizationOptions,
  openAuthorization,
} from './auth/authorization/authorization.js';
import type { Authorizer } from './auth/authorization/authorizer.js';
import { ensureDefaultPolicy } from './auth/authorization/rbac/default-policy/ensure-default-policy.js';
import { Impersonation } from './auth/impersonation/impersonation.js';
import { allAuthenticated, asAuthenticated, type User } from './auth/user.js';
import { publishExtensionAuthentication } from './bootstrap/extension-authentication.js';
import {
  type AdvertisedAddress,
  createKubernetesService,
  publishServers,
} from './bootstrap/kubernetes-service.js';
import { trackLegacyTokens } from './bootstrap/legacy-token-tracking.js';
import { LivingServers } from './bootstrap/living-servers.js';
import { ServerIdentity } from './bootstrap/server-identity.js';
import { publishServiceCidr } from './bootstrap/service-cidr.js';
import { bootstrapNamespaces } from './bootstrap/system-namespaces.js';
import { bootstrapPriorityClasses } from './bootstrap/system-priority-classes.js';
import { Expiry } from './cache/expiry.js';
import { headReader } from './cache/head.js';
import { Turns } from './cache/turns.js';
import { WatchCache } from './cache/watch-cache.js';
import { encryptedStorage } from './encryption/encrypted-storage.js';
import type { Encryption } from './encryption/encryption.js';
import { Exchange } from './exchange.js';
import { CustomResources } from './extensions/custom-resources.js';
import { ensureDefaultFlowControl } from './flow-control/ensure-defaults.js';
import { FlowControl, type FlowControlOptions } from './flow-control/flow-control.js';
import type { HealthCheck } from './health/health-check.js';
import { ServerHealth } from './health/server-health.js';
import { storeCheck } from './health/store-check.js';
import type { ApiRequest, ResponseSink } from './http/api-request.js';
import {
  type HttpsListener,
  type HttpsOptions,
  type ListenerCertificates,
  listenHttps,
} from './http/https-listener.js';
import { inProcessHandler } from './http/in-process.js';
import type { KubeletCredentials } from './http/kubelet-proxy.js';
import { Paths } from './http/paths.js';
import { builtinReviews } from './kinds/builtin-reviews.js';
import { builtinRules } from './kinds/builtin-rules.js';
import { componentStatusRules } from './kinds/component-status.js';
import type { KindRules } from './kinds/kind-rules.js';
import { AddressRange } from './kinds/service/address-range.js';
import { Metrics } from './metrics/metrics.js';
import { runStages } from './pipeline.js';
import { objectStore } from './registry/object-store.js';
import type { Registry } from './registry/registry.js';
import { Resource } from './registry/resource.js';
import { ResourceTable } from './registry/resource-table.js';
import type { ObjectStore, ServiceRanges, WriteContext } from './registry/write-context.js';
import { servePaths } from './serve-paths.js';
import { mustBeWhole } from './storage/restore-backup.js';
import type { Storage } from './storage/storage.js';
import { JoinedFrames } from './verbs/joined-frames.js';
import { WebhookClient } from './webhooks/webhook-client.js';

export interface ApiServerOptions extends PluginSelection {
  /** The server does not close it. */
  readonly storage: Storage;
  /** Which objects are encrypted before they are stored. @default none */
  readonly encryption?: Encryption;
  readonly logger: Logger;
  /** Kinds besides the built-in ones. */
  readonly kinds?: readonly KindRules[];
  /** Admission besides the built-in plugins, after them. */
  readonly admission?: readonly AdmissionPlugin[];
  readonly serviceRanges?: ServiceRanges;
  /** For servers behind this one, which APIServices name. @default there are none */
  readonly aggregator?: AggregatorOptions;
  /** How requests without a client certificate say who asks. @default they can't; probes need not */
  readonly authentication?: AuthenticationOptions;
  /** Who may do what. @default everybody who is known may do everything */
  readonly authorization?: AuthorizationOptions;
  /** What is written down of requests. @default nothing */
  readonly audit?: AuditOptions;
  /** Keeps those who ask for much from holding up others. @default nobody waits */
  readonly flowControl?: FlowControlOptions;
  /** For log, exec, attach and port-forward; without it these answer 503. */
  readonly kubelet?: KubeletCredentials;
  /** Parts of the control plane that run beside the server, for ComponentStatus. @default the store is shown alone */
  readonly components?: readonly HealthCheck[];
  /** Options of the command that runs the server, by name, for `/flagz`. @default there is no such page */
  readonly flags?: Readonly<Record<string, string>>;
  /** Host and port at which clients reach the server, as discovery names it. @default '127.0.0.1:6443' */
  readonly advertised?: string;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** How long objects that expire (Events) stay after their last write. @default as their kind says, an hour */
  readonly timeToLiveSeconds?: number;
  /** Time between the bookmarks of a watch, to which up to a quarter is added. @default 60000 */
  readonly bookmarkIntervalMs?: number;
}

/** The server itself, as the author of what it writes on its own. */
const self: User = { name: 'system:apiserver', groups: ['system:masters', allAuthenticated] };

/** As kubeadm and kube-apiserver have them. */
const defaultServiceRanges: ServiceRanges = {
  clusterIPs: ['10.96.0.0/12'],
  nodePorts: { from: 30_000, to: 32_767 },
};

/** A Kubernetes API server without sockets: {@link handle} takes requests, {@link listen} brings them over TLS. */
export class ApiServer implements Registry {
  readonly options: ApiServerOptions;
  readonly storage: Storage;
  readonly logger: Logger;
  readonly resources = new ResourceTable();
  readonly admission: AdmissionChain;
  readonly paths = new Paths();
  readonly metrics: Metrics;
  /** Divides the event loop among long lists. */
  readonly turns = new Turns();
  readonly joinedFrames = new JoinedFrames();
  readonly objects: ObjectStore;
  readonly authentication: Authentication;
  readonly authorizer: Authorizer;
  readonly impersonation: Impersonation;
  readonly audit: Audit | undefined;
  readonly flowControl: FlowControl | undefined;
  readonly #authorization: Authorization;
  /** The servers behind this one. */
  readonly aggregator: Aggregator | undefined;
  /** Calls webhooks of all sorts. */
  readonly webhooks: WebhookClient;
  readonly #cache: WatchCache;
  readonly #customResources: CustomResources;
  readonly #health: ServerHealth;
  readonly #stopping = new AbortController();
  readonly #listeners: HttpsListener[] = [];
  readonly #expiries: Expiry[] = [];
  readonly #serviceRanges: ServiceRanges;
  #living: LivingServers | undefined;
  #identity: ServerIdentity | undefined;
  #running = 0;
  #idle: (() => void) | undefined;

  private constructor(options: ApiServerOptions, cache: WatchCache, metrics: Metrics) {
    // Every watch listens.
    setMaxListeners(0, this.#stopping.signal);
    this.options = options;
    this.storage = cache.storage;
    this.logger = options.logger;
    this.metrics = metrics;
    this.objects = objectStore(this, () => this.contextFor(self, false));
    this.webhooks = new WebhookClient(this.objects);
    this.authentication = new Authentication(options.authentication ?? {}, this);
    this.#authorization = new Authorization(
      options.authorization ?? openAuthorization,
      metrics.authorization,
    );
    this.authorizer = this.#authorization.authorizer;
    this.impersonation = new Impersonation(this.authorizer);
    this.flowControl = options.flowControl && new FlowControl(options.flowControl, this, metrics.flowControl);
    if (this.flowControl !== undefined) metrics.flowControl.of(this.flowControl);
    this.audit = options.audit && new Audit(options.audit, { metrics: metrics.audit, logger: this.logger });
    this.#cache = cache;
    this.#serviceRanges = options.serviceRanges ?? defaultServiceRanges;
    const components = componentStatusRules([
      ...(options.components ?? []),
      storeCheck('etcd-0', this.storage),
    ]);
    for (const rules of [components, ...builtinRules, ...(options.kinds ?? [])]) this.#addResource(rules);
    for (const rules of builtinReviews) this.resources.addReview(rules);
    const webhooks = {
      client: this.webhooks,
      metrics: metrics.admission,
      onIgnored: (err: Error) => this.logger.warn({ err }, 'a webhook failed, and the request went on'),
    };
    const plugins = builtinPlugins(options, {
      objects: this.objects,
      webhooks,
      params: { objects: this.objects, served: (kind) => this.resources.find(kind) },
      metrics,
    });
    this.admission = new AdmissionChain([...plugins, ...(options.admission ?? [])], metrics.admission);
    this.#customResources = new CustomResources({
      registry: this,
      cache,
      name: (prefix, resource) => this.#name(prefix, resource),
      context: () => this.contextFor(self, false),
      webhooks: this.webhooks,
    });
    this.aggregator = options.aggregator && new Aggregator(options.aggregator, this);
    this.#health = new ServerHealth({
      storage: this.storage,
      loading: () => this.resources.loading(),
      metrics: metrics.health,
      checks: this.#kmsChecks(),
    });
    servePaths(this, {
      health: this.#health,
      configuration: {
        serviceRanges: () => this.#serviceRanges,
        authorizationModes: () => this.#authorization.modes,
        listeners: () => this.#listeners,
      },
    });
  }

  /** Opens the cache over the store and creates what every cluster has. Resolves when requests can be answered. */
  static async start(options: ApiServerOptions): Promise<ApiServer> {
    await mustBeWhole(options.storage);
    const metrics = new Metrics();
    const { encryption } = options;
    const storage =
      encryption === undefined ? options.storage : encryptedStorage(options.storage, encryption);
    const cache = await WatchCache.open(metrics.storage.measure(storage), (error) =>
      options.logger.fatal({ err: error }, 'the watch of the store broke'),
    );
    const server = new ApiServer(options, cache, metrics);
    // In memory each cache is opened by its first reader: a server that was just forked costs nothing for the others.
    if (storage.listNow === undefined) server.resources.openCaches();
    await cache.ready();
    server.#authorization.follow(server.resources);
    await server.#takeSteps();
    return server;
  }

  /** Creates what every cluster has, and begins to follow what it depends on. The names are upstream's. */
  async #takeSteps(): Promise<void> {
    const { steps } = this.#health;
    const { flowControl, aggregator, objects } = this;
    await steps.take('start-apiextensions-controllers', () => this.#customResources.start());
    await steps.take('start-system-namespaces-controller', () => bootstrapNamespaces(this));
    await steps.take('scheduling/bootstrap-system-priority-classes', () => bootstrapPriorityClasses(this));
    if (this.authentication.serviceAccountTokens !== undefined)
      await steps.take('start-legacy-token-tracking-controller', () =>
        trackLegacyTokens(objects, this.now()),
      );
    if (flowControl !== undefined) {
      await steps.take('priority-and-fairness-config-consumer', () => flowControl.follow());
      await steps.take('priority-and-fairness-config-producer', () => ensureDefaultFlowControl(objects));
    }
    if (aggregator !== undefined)
      await steps.take('apiservice-registration-controller', () => aggregator.start());
    if (this.#authorization.modes.includes('RBAC'))
      await steps.take('rbac/bootstrap-roles', () => ensureDefaultPolicy(objects));
  }

  /** Aborted when the server stops: watches end then. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  get bookmarkIntervalMs(): number {
    return this.options.bookmarkIntervalMs ?? 60_000;
  }

  /** Host and port at which clients reach it. */
  get advertised(): string {
    return this.options.advertised ?? '127.0.0.1:6443';
  }

  now(): number {
    return this.options.now?.() ?? Date.now();
  }

  /** Takes a request through the stages to its answer. Never rejects. */
  async handle(request: ApiRequest, sink: ResponseSink): Promise<void> {
    const exchange = new Exchange(this, request, sink);
    this.#running++;
    this.metrics.requests.begin(exchange);
    try {
      await runStages(exchange);
    } finally {
      clearTimeout(exchange.deadline);
      this.metrics.requests.observe(exchange);
      exchange.leaveFlow();
      exchange.audit?.completed();
      this.#running--;
      if (this.#running === 0) this.#idle?.();
    }
  }

  /**
   * Names the place where pods reach this server: the Service `kubernetes` leads there, and to the other servers of the
   * store that live.
   */
  async advertise(advertised: AdvertisedAddress): Promise<void> {
    const { clusterIPs } = this.#serviceRanges;
    const [range = ''] = clusterIPs;
    const { steps } = this.#health;
    await steps.take('start-kubernetes-service-cidr-controller', () =>
      publishServiceCidr(this.objects, clusterIPs, this.now()),
    );
    await steps.take('bootstrap-controller', () =>
      createKubernetesService(this.objects, advertised, new AddressRange(range).at(0n)),
    );
    await this.#living?.close();
    this.#living = new LivingServers({
      storage: this.storage,
      self: advertised,
      publish: (servers) => publishServers(this.objects, servers),
      onError: (err) => this.logger.warn({ err }, 'the endpoints of the Service kubernetes stay for now'),
    });
    const living = this.#living;
    await steps.take('peer-endpoint-reconciler-controller', () => living.start());
  }

  /** Lets others know by a Lease that this server lives. */
  async identify(hostname: string, identity = hostname): Promise<void> {
    const onError = (err: unknown) =>
      this.logger.warn({ err }, "the server's own Lease is not renewed for now");
    const lease = new ServerIdentity({
      ...{ objects: this.objects, hostname, identity, onError },
      now: () => this.now(),
    });
    this.#identity = lease;
    await this.#health.steps.take('start-kube-apiserver-identity-lease-controller', () => lease.start());
  }

  /** Tells API servers behind this one whose certificates say who asks. */
  publishAuthorities(
    certificates: Pick<ListenerCertificates, 'clientCA' | 'requestHeaderCA'>,
  ): Promise<void> {
    return this.#health.steps.take('start-cluster-authentication-info-controller', () =>
      this.#publishAuthorities(certificates),
    );
  }

  #publishAuthorities(
    certificates: Pick<ListenerCertificates, 'clientCA' | 'requestHeaderCA'>,
  ): Promise<void> {
    const { authentication, aggregator } = this.options;
    const { clientCA, requestHeaderCA } = certificates;
    if (aggregator === undefined)
      return publishExtensionAuthentication(this.objects, certificates, authentication?.frontProxy);
    // This server is a front proxy to them, besides those that are in front of it.
    const { requestHeaderCA: own, proxyName } = aggregator;
    const { allowedNames = [], ...headers } = authentication?.frontProxy ?? {};
    const isAnybody = requestHeaderCA !== undefined && allowedNames.length === 0;
    const trusted = {
      clientCA,
      requestHeaderCA: requestHeaderCA === undefined ? own : `${requestHeaderCA}\n${own}`,
    };
    const names = { ...headers, allowedNames: isAnybody ? [] : [...allowedNames, proxyName] };
    return publishExtensionAuthentication(this.objects, trusted, names);
  }

  /** Serves over TLS until {@link close}. */
  async listen(options: HttpsOptions): Promise<HttpsListener> {
    const listener = await listenHttps(
      (request, sink) => this.handle(request, sink),
      options,
      () => this.metrics.authentication.handshakeFailed(),
    );
    this.#listeners.push(listener);
    return listener;
  }

  /** The handler of an in-process transport, for a user who needs no credentials. */
  inProcess(user: User) {
    return inProcessHandler((request, sink) => this.handle(request, sink), asAuthenticated(user));
  }

  /** Asks others who may do what from now on. @throws Error where Node or RBAC would come or go */
  replaceAuthorization(options: AuthorizationOptions): void {
    this.#authorization.replace(options);
  }

  /** Who writes, how and when, for rules and admission. */
  contextFor(user: User, dryRun: boolean): WriteContext {
    return {
      user,
      dryRun,
      now: () => this.now(),
      objects: this.objects,
      kinds: this.resources,
      serviceRanges: this.#serviceRanges,
      authentication: this.authentication,
      authorizer: this.authorizer,
      roles: this.#authorization.roles,
    };
  }

  /**
   * Stops: is no longer ready, takes no new connection, ends the watches, waits up to `graceMs` for requests under way,
   * and frees the cache.
   */
  async close(graceMs = 2_000): Promise<void> {
    this.#health.stop();
    await Promise.all([this.#living?.close(), this.#identity?.close()]);
    const closed = this.#listeners.map((listener) => listener.close(graceMs));
    this.#stopping.abort(new Error('the server is shutting down'));
    await Promise.all(closed);
    if (this.#running > 0) await this.#drained(graceMs);
    this.flowControl?.close();
    await this.audit?.close();
    await Promise.all(this.#expiries.map((expiry) => expiry.close()));
    await this.#customResources.close();
    this.#cache.close();
    this.webhooks.close();
    this.aggregator?.close();
  }

  async #drained(graceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Before any of the resource is read. */
  #name(prefix: string, resource: { readonly group: string; readonly resource: string }): void {
    this.metrics.storage.name(prefix, resource);
    this.options.encryption?.name(prefix, resource);
  }

  #addResource(rules: KindRules): void {
    const resource = new Resource(rules, (prefix) => {
      this.#name(prefix, { group: rules.kind.group, resource: rules.kind.plural });
      const reader = headReader(rules.kind.selectableFields, rules.fields, rules.fieldsRead);
      return this.#cache.resource(prefix, reader);
    });
    this.resources.add(resource);
    if (rules.timeToLiveSeconds === undefined) return;
    const seconds = this.options.timeToLiveSeconds ?? rules.timeToLiveSeconds;
    if (this.storage.expireAfter !== undefined) {
      this.storage.expireAfter(resource.prefix, seconds);
      return;
    }
    const onError = (err: unknown) =>
      this.logger.error({ err, plural: rules.kind.plural }, 'expired objects stay for now');
    this.#expiries.push(new Expiry(resource.cache, this.storage, { seconds, onError }));
  }

  /** The name is upstream's for plugins whose configuration may change. */
  #kmsChecks(): HealthCheck[] {
    const { encryption } = this.options;
    if (encryption === undefined || !encryption.hasPlugins) return [];
    return [{ name: 'kms-providers', check: () => encryption.check() }];
  }
}
