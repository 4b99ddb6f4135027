import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isApiError } from '@kubewright/api';
import { TokenReview } from '@kubewright/api/authentication/v1';
import { SubjectAccessReview } from '@kubewright/api/authorization/v1';
import type { Client, Clock } from '@kubewright/client';
import { HttpFailure } from './served-pod.js';

/** Who asks the kubelet. */
interface Caller {
  readonly user: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, string[]>> | undefined;
}

/** How long the API server's word is taken: what is revoked there is revoked here within this time. */
const keptMs = 10_000;
const mostKept = 1_000;
const timeoutMs = 10_000;

/**
 * Who may ask the kubelet for what. It decides nothing by itself: a certificate of the cluster's CA or a token that the
 * API server knows says who asks, and the API server says whether he may. Source: "Kubelet authentication/authorization".
 */
export class KubeletAccess {
  readonly #client: Client;
  readonly #nodeName: string;
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly answer: Promise<unknown>; readonly until: number }>();

  constructor(client: Client, nodeName: string, clock: Clock) {
    this.#client = client;
    this.#nodeName = nodeName;
    this.#clock = clock;
  }

  /** @throws HttpFailure 401 for strangers, 403 for those who may not */
  async check(request: IncomingMessage): Promise<void> {
    const caller = await this.#callerOf(request);
    const verb = verbs[request.method ?? 'GET'] ?? 'get';
    const { pathname } = new URL(request.url ?? '/', 'https://kubelet');
    const subresource = subresourceOf(pathname);
    const key = JSON.stringify([caller, verb, subresource]);
    const allowed = await this.#keep(`may ${key}`, () => this.#isAllowed(caller, verb, subresource));
    if (!allowed)
      throw new HttpFailure(
        403,
        `Forbidden (user=${caller.user}, verb=${verb}, resource=nodes, subresource(s)=[${subresource}])`,
      );
  }

  async #callerOf(request: IncomingMessage): Promise<Caller> {
    const socket = request.socket as TLSSocket;
    if (socket.authorized) {
      const { subject }: { subject: Partial<Record<string, string | string[]>> } =
        socket.getPeerCertificate();
      if (typeof subject.CN === 'string' && subject.CN !== '')
        return { user: subject.CN, groups: [...[subject.O ?? []].flat(), 'system:authenticated'] };
    }
    const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization?.trim() ?? '') ?? [];
    const caller =
      token === undefined ? undefined : await this.#keep(`is ${digest(token)}`, () => this.#review(token));
    if (caller === undefined) throw new HttpFailure(401, 'Unauthorized');
    return caller;
  }

  async #review(token: string): Promise<Caller | undefined> {
    const { status } = await this.#ask(() =>
      this.#client.resource(TokenReview).create({ metadata: {}, spec: { token } }, { timeoutMs }),
    );
    const { username = '', uid, groups = [], extra } = status?.user ?? {};
    return status?.authenticated === true ? { user: username, uid, groups, extra } : undefined;
  }

  async #isAllowed(
    { user, uid, groups, extra }: Caller,
    verb: string,
    subresource: string,
  ): Promise<boolean> {
    const resourceAttributes = { verb, version: 'v1', resource: 'nodes', subresource, name: this.#nodeName };
    const { status } = await this.#ask(() =>
      this.#client
        .resource(SubjectAccessReview)
        .create(
          { metadata: {}, spec: { user, uid, groups: [...groups], extra, resourceAttributes } },
          { timeoutMs },
        ),
    );
    return status?.allowed === true;
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!isApiError(error)) throw error;
      throw new HttpFailure(500, `Authorization error: ${error.message}`);
    }
  }

  async #keep<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#clock.now();
    const known = this.#kept.get(key);
    if (known !== undefined && now < known.until) return known.answer as Promise<T>;
    const answer = ask();
    this.#kept.delete(key);
    this.#kept.set(key, { answer, until: now + keptMs });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    try {
      return await answer;
    } catch (error) {
      this.#kept.delete(key);
      throw error;
    }
  }
}

/** Tokens are not kept. */
function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What of a node a path is; what has no name of its own is `proxy`, which whoever may run commands has. */
function subresourceOf(path: string): string {
  const [, first = ''] = path.split('/');
  return ownSubresources[first] ?? 'proxy';
}

const ownSubresources: Readonly<Record<string, string>> = {
  stats: 'stats',
  metrics: 'metrics',
  logs: 'log',
  checkpoint: 'checkpoint',
  pods: 'pods',
  healthz: 'healthz',
  configz: 'configz',
};
