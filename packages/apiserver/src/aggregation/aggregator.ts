import {
  ApiError,
  findCondition,
  isNotFound,
  type Kind,
  type KubernetesObject,
  setCondition,
} from '@kubewright/api';
import { APIService } from '@kubewright/api/apiregistration/v1';
import { type ApiResource, kindsOf } from '@kubewright/client';
import type { Logger } from 'pino';
import type { Arrangement } from '../discovery/discovery.js';
import { groupPriority } from '../discovery/group-order.js';
import type { Exchange } from '../exchange.js';
import type { RequestInfo } from '../http/request-info.js';
import type { Elsewhere } from '../openapi/openapi.js';
import { followObjects } from '../registry/follow-objects.js';
import type { ResourceTable } from '../registry/resource-table.js';
import type { ObjectStore } from '../registry/write-context.js';
import { type Availability, obstacle, passedAvailability } from './availability.js';
import { identityHeaders } from './identity-headers.js';
import { keepLocalApiServices } from './local-api-services.js';
import { type SwaggerPart, swaggerPart } from './merge-swagger.js';
import { proxyToServer } from './proxy.js';
import { type AggregatorOptions, RemoteServer } from './remote-server.js';

/** How often a server is looked at that could be reached, and one that could not, in milliseconds. */
const periodMs = 30_000;
const retryMs = 2_000;
const checkMs = 5_000;

/** As whom the aggregator itself asks. */
const self = identityHeaders({ name: 'system:kube-aggregator', groups: ['system:masters'] });

interface Remote {
  readonly service: APIService;
  readonly server: RemoteServer;
  available: boolean;
  /** What it said last that it serves. */
  kinds: readonly Kind<KubernetesObject>[];
  /** Its OpenAPI document, by its index: path and query. */
  openApi: string | undefined;
  /** What its OpenAPI document of version 2 says of the group and version. */
  swagger: SwaggerPart | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** What the aggregator needs of the server that it is part of. */
export interface AggregatorParts {
  readonly objects: ObjectStore;
  readonly resources: ResourceTable;
  readonly logger: Logger;
  now(): number;
}

/**
 * The servers behind this one: each APIService with a service hands a group and version to another server. One that is
 * down takes nothing with it but its own group. Source: the page on the aggregation layer.
 */
export class Aggregator {
  readonly #options: AggregatorOptions;
  readonly #parts: AggregatorParts;
  readonly #remotes = new Map<string, Remote>();
  /** What each APIService says, those of this server included, so that a change of status alone is known as such. */
  readonly #specs = new Map<string, string>();
  #generation = 0;
  #closed = false;

  constructor(options: AggregatorOptions, parts: AggregatorParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Grows with every change of what is served elsewhere. */
  get generation(): number {
    return this.#generation;
  }

  /** Makes the APIServices of what this server has itself, and follows all. The caches are ready. */
  async start(): Promise<void> {
    await keepLocalApiServices(this.#parts);
    followObjects<APIService>(this.#parts.resources, APIService, {
      set: (service) => this.#set(service),
      delete: (_, name) => {
        this.#specs.delete(name);
        this.#generation++;
        this.#delete(name);
      },
    });
  }

  /** Whether a request's group and version are served elsewhere. Costs nothing where no server is behind this one. */
  concerns({ group, version, path }: RequestInfo): boolean {
    return this.#remotes.size > 0 && version !== '' && this.#remotes.has(nameOf(group, version, path));
  }

  /** Passes a request on that {@link concerns} said yes to. @throws ApiError ServiceUnavailable */
  async handle(exchange: Exchange): Promise<void> {
    const { group, version, path } = exchange.info;
    const remote = this.#remotes.get(nameOf(group, version, path));
    if (remote?.available !== true) {
      exchange.server.metrics.requests.terminated(exchange, 503);
      throw new ApiError('ServiceUnavailable', 'service unavailable');
    }
    try {
      await proxyToServer(exchange, remote.server);
    } catch (error) {
      // What it is to be told of is told now, not at the next look.
      if (!this.#closed) this.#checkIn(remote, 0);
      throw error;
    }
  }

  /** Each APIService by name, and whether it can be asked. What this server has itself always can. */
  availability(): readonly (readonly [name: string, available: boolean])[] {
    return this.#parts.objects
      .lister(APIService)
      .list()
      .map(({ metadata: { name = '' } }) => [name, this.#remotes.get(name)?.available ?? true]);
  }

  /** What the servers behind this one serve, as far as they have said. */
  kinds(): readonly Kind<KubernetesObject>[] {
    return [...this.#remotes.values()].flatMap(({ kinds }) => kinds);
  }

  /** In what order APIServices want groups and versions to come, and which are elsewhere. */
  arrangement(): Arrangement {
    const groups = new Map<string, number>();
    const versions = new Map<string, number>();
    for (const { spec } of this.#parts.objects.lister(APIService).list()) {
      const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {};
      groups.set(group, Math.max(groups.get(group) ?? 0, groupPriorityMinimum));
      versions.set(`${group}/${version}`, versionPriority);
    }
    return {
      groupPriority: (group) => groups.get(group) ?? groupPriority(group),
      versionPriority: (group, version) => versions.get(`${group}/${version}`) ?? 0,
      elsewhere: [...this.#remotes.values()].map(({ service: { spec }, available }) => ({
        ...{ group: spec?.group ?? '', version: spec?.version ?? '', isStale: !available },
      })),
    };
  }

  /** What the servers behind this one say of themselves. */
  openApi(): Elsewhere {
    const remotes = [...this.#remotes.values()];
    return {
      swagger: remotes.flatMap(({ swagger }) => (swagger === undefined ? [] : [swagger])),
      paths: Object.fromEntries(
        remotes.flatMap(({ service: { spec }, openApi }) =>
          openApi === undefined ? [] : [[`apis/${spec?.group}/${spec?.version}`, openApi]],
        ),
      ),
    };
  }

  /** Passes a request for an OpenAPI document on; false where it is of no server behind this one. */
  async handleOpenApi(exchange: Exchange): Promise<boolean> {
    const [, group = '', version = ''] =
      /^\/openapi\/v3\/apis\/([^/]+)\/([^/]+)$/.exec(exchange.info.path) ?? [];
    const remote = this.#remotes.get(`${version}.${group}`);
    if (remote === undefined) return false;
    if (!remote.available) throw new ApiError('ServiceUnavailable', 'service unavailable');
    await proxyToServer(exchange, remote.server);
    return true;
  }

  close(): void {
    this.#closed = true;
    for (const name of [...this.#remotes.keys()]) this.#delete(name);
  }

  #set(service: APIService): void {
    const { name = '' } = service.metadata;
    const spec = JSON.stringify(service.spec);
    if (this.#specs.get(name) === spec) return;
    this.#specs.set(name, spec);
    this.#generation++;
    if (service.spec?.service === undefined) {
      this.#delete(name);
      return;
    }
    const known = this.#remotes.get(name);
    known?.server.close();
    clearTimeout(known?.timer);
    const server = new RemoteServer(service, this.#parts.objects, this.#options);
    const remote: Remote = {
      ...{ service, server, available: known?.available ?? false, kinds: known?.kinds ?? [] },
      ...{ openApi: known?.openApi, swagger: known?.swagger, timer: undefined },
    };
    this.#remotes.set(name, remote);
    this.#checkIn(remote, 0);
  }

  #delete(name: string): void {
    const remote = this.#remotes.get(name);
    if (remote === undefined) return;
    clearTimeout(remote.timer);
    remote.server.close();
    this.#remotes.delete(name);
  }

  #checkIn(remote: Remote, ms: number): void {
    clearTimeout(remote.timer);
    remote.timer = setTimeout(() => {
      this.#check(remote)
        .catch((err: unknown) => {
          if (!this.#closed)
            this.#parts.logger.warn({ err }, 'the availability of an APIService is not told');
        })
        .finally(() => {
          if (!this.#closed && this.#remotes.get(remote.service.metadata.name ?? '') === remote)
            this.#checkIn(remote, remote.available ? periodMs : retryMs);
        });
    }, ms);
    remote.timer.unref();
  }

  async #check(remote: Remote): Promise<void> {
    const { objects } = this.#parts;
    const found = obstacle(remote.service, objects) ?? (await this.#discover(remote));
    const available = found.status === 'True';
    if (remote.available !== available) this.#generation++;
    remote.available = available;
    await this.#tell(remote.service, found);
  }

  async #discover(remote: Remote): Promise<Availability> {
    const { group = '', version = '' } = remote.service.spec ?? {};
    const path = `/apis/${group}/${version}`;
    const headers = Object.fromEntries(self);
    try {
      const list = (await remote.server.read(path, headers, checkMs)) as {
        resources?: readonly ApiResource[];
      };
      const kinds = kindsOf(group, version, list.resources ?? []);
      if (JSON.stringify(kinds) !== JSON.stringify(remote.kinds)) {
        remote.kinds = kinds;
        this.#generation++;
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return {
        status: 'False',
        reason: 'FailedDiscoveryCheck',
        message: `failing or missing response from ${path}: ${message}`,
      };
    }
    await this.#readOpenApi(remote, `apis/${group}/${version}`);
    return passedAvailability;
  }

  /** A server need not have OpenAPI documents. They have changed where the index has another hash. */
  async #readOpenApi(remote: Remote, key: string): Promise<void> {
    const { server } = remote;
    const headers = Object.fromEntries(self);
    const { group = '', version = '' } = remote.service.spec ?? {};
    try {
      const index = (await server.read('/openapi/v3', headers, checkMs)) as {
        paths?: Readonly<Record<string, { serverRelativeURL?: string }>>;
      };
      const url = index.paths?.[key]?.serverRelativeURL;
      if (url === remote.openApi && remote.swagger !== undefined) return;
      remote.openApi = url;
      this.#generation++;
      remote.swagger = swaggerPart(await server.read('/openapi/v2', headers, checkMs), group, version);
      this.#generation++;
    } catch (err) {
      this.#parts.logger.debug({ err, key }, 'an aggregated server has no OpenAPI documents');
    }
  }

  async #tell({ metadata }: APIService, { status, reason, message }: Availability): Promise<void> {
    const { objects } = this.#parts;
    const name = metadata.name ?? '';
    const condition = { type: 'Available', status, reason, message };
    const known = findCondition(objects.lister(APIService).get('', name)?.status?.conditions, 'Available');
    if (known?.status === status && known.reason === reason && known.message === message) return;
    try {
      await objects.changeStatus(APIService, '', name, (service) => ({
        ...service,
        status: {
          ...service.status,
          conditions: [...setCondition(service.status?.conditions ?? [], condition, this.#parts.now())],
        },
      }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function nameOf(group: string, version: string, path: string): string {
  return path.startsWith('/apis/') ? `${version}.${group}` : '';
}
