import type { ApiRequest } from '../http/api-request.js';
import type { User } from './user.js';

/** Finds out who asks, by one sort of credential or by several. */
export interface Authenticator {
  /**
   * The user; undefined for a request without a credential of this sort. Answers at once where it can: a request whose
   * connection has an identity must not wait.
   * @throws CredentialError for a credential of this sort that is not good
   */
  authenticate(request: ApiRequest): User | undefined | Promise<User | undefined>;
}

/** Whom a token stands for, and for which of the audiences that were asked for. */
export interface TokenIdentity {
  readonly user: User;
  readonly audiences: readonly string[];
}

/** Finds out whom a bearer token stands for, by one sort of token or by several. */
export interface TokenAuthenticator {
  /**
   * Undefined for a token of another sort.
   * @param audiences one of them must be meant
   * @throws CredentialError for a token of this sort that is not good
   */
  authenticateToken(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined>;
}

/** A credential that is not good. The message says why, and never what it was: it is shown to reviewers and logged. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
}
