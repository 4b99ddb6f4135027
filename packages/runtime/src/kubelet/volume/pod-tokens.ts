import { isApiError } from '@kubewright/api';
import { type Pod, ServiceAccount, type ServiceAccountTokenProjection } from '@kubewright/api/core/v1';
import type { Client, Clock } from '@kubewright/client';
import { VolumeError } from './projection.js';

/** As upstream's token manager: a token is fetched anew when a fifth of its life is left, and once a day. */
const refreshAt = 0.8;
const longestMs = 24 * 60 * 60 * 1000;
const defaultSeconds = 60 * 60;
const requestTimeoutMs = 10_000;

interface KnownToken {
  readonly token: string;
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** The tokens that a pod's volumes hold, bound to the pod, each fetched anew in time. */
export class PodTokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #known = new Map<string, KnownToken>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** @throws VolumeError where there is no token that is still good */
  async get(pod: Pod, { audience, expirationSeconds = defaultSeconds }: TokenSource): Promise<string> {
    const key = `${audience ?? ''} ${expirationSeconds}`;
    const known = this.#known.get(key);
    const now = this.#clock.now();
    if (known !== undefined && now < known.refreshAt) return known.token;
    try {
      const fetched = await this.#fetch(pod, audience, expirationSeconds);
      this.#known.set(key, fetched);
      return fetched.token;
    } catch (error) {
      if (known !== undefined && now < known.expiresAt) return known.token;
      if (!isApiError(error)) throw error;
      throw new VolumeError(`failed to fetch token: ${error.message}`, { cause: error });
    }
  }

  async #fetch(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<KnownToken> {
    const { name = '', namespace, uid = '' } = pod.metadata;
    const now = this.#clock.now();
    const issued = await this.#client
      .resource(ServiceAccount)
      .namespace(namespace)
      .token(pod.spec?.serviceAccountName ?? 'default', {
        ...(audience === undefined || audience === '' ? {} : { audiences: [audience] }),
        expirationSeconds,
        boundObject: { apiVersion: 'v1', kind: 'Pod', name, uid },
        timeoutMs: requestTimeoutMs,
      });
    const expiresAt = Date.parse(issued.expirationTimestamp);
    const life = expiresAt - now;
    return { token: issued.token, expiresAt, refreshAt: now + Math.min(life * refreshAt, longestMs) };
  }
}

type TokenSource = Pick<ServiceAccountTokenProjection, 'audience' | 'expirationSeconds'>;
