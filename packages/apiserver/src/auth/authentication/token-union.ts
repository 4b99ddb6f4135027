import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TokenCacheMetrics } from '../../metrics/token-cache-metrics.js';
import { CredentialError, type TokenAuthenticator, type TokenIdentity } from '../authenticator.js';

/** How long a token is taken for good without another look: what revokes it takes effect within this time. */
export const tokenCacheMs = 5_000;
const maxTokens = 10_000;

/**
 * Asks one authenticator after the other and remembers for a moment whom a good token stands for. Bad ones are looked
 * at each time; equal ones at the same time share one look. Tokens are not kept, only digests under a key of this
 * process. Source: apiserver's `tokenunion` and `tokencache`.
 */
export class TokenUnion implements TokenAuthenticator {
  #authenticators: readonly TokenAuthenticator[];
  readonly #now: () => number;
  /** Made with the first token: the room that it takes at once is felt where servers are many. */
  #known: LRUCache<string, TokenIdentity> | undefined;
  readonly #underWay = new Map<string, Promise<TokenIdentity | undefined>>();
  readonly #key = randomBytes(32);

  readonly #metrics: TokenCacheMetrics;

  constructor(authenticators: readonly TokenAuthenticator[], now: () => number, metrics: TokenCacheMetrics) {
    this.#authenticators = authenticators;
    this.#metrics = metrics;
    this.#now = now;
  }

  /** Asks others from now on; what the ones before said is forgotten. */
  replace(authenticators: readonly TokenAuthenticator[]): void {
    this.#authenticators = authenticators;
    this.#known?.clear();
    this.#underWay.clear();
  }

  authenticateToken(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined> {
    const key = this.#digest(token, audiences);
    const known = this.#known?.get(key);
    if (known !== undefined) {
      this.#metrics.hit();
      return Promise.resolve(known);
    }
    const running = this.#underWay.get(key);
    if (running !== undefined) return this.#metrics.sharing(running);
    const asking = this.#metrics
      .fetching(() => this.#ask(token, audiences, key))
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asking);
    return asking;
  }

  async #ask(token: string, audiences: readonly string[], key: string): Promise<TokenIdentity | undefined> {
    const problems: CredentialError[] = [];
    const asked = this.#authenticators;
    for (const authenticator of asked) {
      try {
        const identity = await authenticator.authenticateToken(token, audiences);
        if (identity === undefined) continue;
        this.#known ??= this.#cache();
        if (asked === this.#authenticators) this.#known.set(key, identity);
        return identity;
      } catch (error) {
        if (!(error instanceof CredentialError)) throw error;
        problems.push(error);
      }
    }
    const [first] = problems;
    if (first === undefined) return undefined;
    if (problems.length === 1) throw first;
    throw new CredentialError(`[${problems.map(({ message }) => message).join(', ')}]`);
  }

  #cache(): LRUCache<string, TokenIdentity> {
    return new LRUCache({ max: maxTokens, ttl: tokenCacheMs, ttlResolution: 0, perf: { now: this.#now } });
  }

  #digest(token: string, audiences: readonly string[]): string {
    const hmac = createHmac('sha256', this.#key).update(token);
    for (const audience of audiences) hmac.update('\0').update(audience);
    return hmac.digest('base64');
  }
}

/** The audiences of both lists, in the order of those that were asked for. */
export function intersect(meant: readonly string[], asked: readonly string[]): string[] {
  return asked.filter((audience) => meant.includes(audience));
}
