import { ApiError } from '@kubewright/api';
import type { Logger } from 'pino';
import type { ApiRequest } from '../../http/api-request.js';
import { type Authenticator, CredentialError } from '../authenticator.js';
import { anonymousUser, asAuthenticated, type User } from '../user.js';

/** Whether requests without any credential are let in, as nobody. */
export interface AnonymousOptions {
  readonly enabled: boolean;
  /** The only paths where. @default everywhere */
  readonly paths?: readonly string[];
}

/**
 * Asks one authenticator after the other; the first that knows the user is right. A bad credential is only forgiven
 * when another one is good: it makes nobody anonymous. Source: apiserver's `union.New` and `union.NewFailOnError`.
 */
export class AuthenticatorChain {
  readonly #authenticators: readonly Authenticator[];
  readonly #logger: Logger;
  #letsNobodyIn!: boolean;
  #paths: ReadonlySet<string> | undefined;

  constructor(authenticators: readonly Authenticator[], anonymous: AnonymousOptions, logger: Logger) {
    this.#authenticators = authenticators;
    this.#logger = logger;
    this.setAnonymous(anonymous);
  }

  /** Who asks without a credential is treated like this from now on. */
  setAnonymous({ enabled, paths }: AnonymousOptions): void {
    this.#letsNobodyIn = enabled;
    this.#paths = paths && new Set(paths);
  }

  /** Answers at once for an identity of the connection. @throws ApiError Unauthorized */
  authenticate(request: ApiRequest): User | Promise<User> {
    return this.#from(0, request, []);
  }

  #from(index: number, request: ApiRequest, problems: CredentialError[]): User | Promise<User> {
    for (let at = index; at < this.#authenticators.length; at++) {
      try {
        const found = this.#authenticators[at]?.authenticate(request);
        if (found instanceof Promise) return this.#await(found, at, request, problems);
        if (found !== undefined) return asAuthenticated(found);
      } catch (error) {
        if (!(error instanceof CredentialError)) throw error;
        problems.push(error);
      }
    }
    return this.#nobody(request, problems);
  }

  async #await(
    finding: Promise<User | undefined>,
    at: number,
    request: ApiRequest,
    problems: CredentialError[],
  ): Promise<User> {
    try {
      const found = await finding;
      if (found !== undefined) return asAuthenticated(found);
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      problems.push(error);
    }
    return this.#from(at + 1, request, problems);
  }

  #nobody({ url }: ApiRequest, problems: readonly CredentialError[]): User {
    if (problems.length === 0 && this.#letsNobodyIn && this.#mayBeNobody(url)) return anonymousUser;
    if (problems.length > 0)
      this.#logger.info({ problems: problems.map(messageOf) }, 'unable to authenticate the request');
    throw new ApiError('Unauthorized', 'Unauthorized');
  }

  #mayBeNobody(url: string): boolean {
    if (this.#paths === undefined) return true;
    const mark = url.indexOf('?');
    return this.#paths.has(mark < 0 ? url : url.slice(0, mark));
  }
}

/** The message, and that of what was behind it (a webhook that did not answer). */
function messageOf({ message, cause }: CredentialError): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
