import type { JWTVerifyGetKey } from 'jose';
import jwt from 'jsonwebtoken';
import { intersect } from '../authentication/token-union.js';
import { CredentialError, type TokenAuthenticator, type TokenIdentity } from '../authenticator.js';
import { type Claims, userOfClaims } from './claim-mappings.js';
import type { JwtConfiguration } from './jwt-configuration.js';

/** All that can be verified with a public key. */
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
/** An issuer that did not answer is asked again after this time. */
const retryMs = 10_000;

/** Takes the ID tokens of one OpenID Connect issuer. Source: "Structured authentication configuration". */
export class JwtAuthenticator implements TokenAuthenticator {
  readonly #configuration: JwtConfiguration;
  readonly #ownAudiences: readonly string[];
  readonly #now: () => number;
  #keys: Promise<JWTVerifyGetKey> | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(
    configuration: JwtConfiguration,
    from: { readonly audiences: readonly string[]; now(): number },
  ) {
    this.#configuration = configuration;
    this.#ownAudiences = from.audiences;
    this.#now = () => from.now();
  }

  async authenticateToken(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined> {
    const { issuer } = this.#configuration;
    const decoded = jwt.decode(token, { json: true });
    if (decoded === null || decoded.iss !== issuer.url) return undefined;
    const common = intersect(this.#ownAudiences, audiences);
    if (common.length === 0 && this.#ownAudiences.length > 0) return undefined;
    const claims = await this.#verified(token);
    // Who has no issuer does not load the language of expressions.
    const { evaluateClaims } = await import('./claim-expressions.js');
    return { user: userOfClaims(claims, this.#configuration, evaluateClaims), audiences: common };
  }

  async #verified(token: string): Promise<Claims> {
    const { issuer } = this.#configuration;
    const keys = await this.#issuerKeys();
    const { errors, jwtVerify } = await import('jose');
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms,
        issuer: issuer.url,
        audience: [...issuer.audiences],
        requiredClaims: ['exp'],
        currentDate: new Date(this.#now()),
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError)
        throw new CredentialError(`oidc: verify token: ${error.message}`);
      throw new CredentialError('oidc: verify token: the keys of the issuer are not to be had', {
        cause: error,
      });
    }
  }

  async #issuerKeys(): Promise<JWTVerifyGetKey> {
    const { issuer } = this.#configuration;
    const uninitialised = `oidc: authenticator for issuer ${JSON.stringify(issuer.url)} is not initialized`;
    if (this.#now() - this.#failedAt < retryMs) throw new CredentialError(uninitialised);
    // Who has no issuer does not load what knows of keys.
    this.#keys ??= import('./issuer-keys.js').then(({ issuerKeys }) => issuerKeys(issuer));
    try {
      return await this.#keys;
    } catch (cause) {
      this.#keys = undefined;
      this.#failedAt = this.#now();
      throw new CredentialError(uninitialised, { cause });
    }
  }
}
