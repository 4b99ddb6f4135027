import { randomUUID } from 'node:crypto';
import type { Kind, KubernetesObject } from '@kubewright/api';
import { Node, Pod, Secret, ServiceAccount } from '@kubewright/api/core/v1';
import jwt from 'jsonwebtoken';
import type { ServiceAccountMetrics } from '../../metrics/service-account-metrics.js';
import type { ObjectStore } from '../../registry/write-context.js';
import { intersect } from '../authentication/token-union.js';
import { CredentialError, type TokenAuthenticator, type TokenIdentity } from '../authenticator.js';
import type { CredentialNotes } from '../user.js';
import { invalidSince, noteLastUse } from './legacy-token-use.js';
import { serviceAccountUser, serviceAccountUsername } from './service-account-user.js';
import type { TokenKeys } from './signing-keys.js';
import { type ObjectRef, parseClaims, type ServiceAccountClaims, type TokenClaims } from './token-claims.js';

export interface ServiceAccountOptions {
  /** `iss` of new tokens; tokens of the further ones are taken, too (`--service-account-issuer`). */
  readonly issuers: readonly [string, ...string[]];
  /** Asked for each token, so that keys can change while the server runs. */
  keys(): TokenKeys;
  /** The longest life of a token (`--service-account-max-token-expiration`). @default no limit */
  readonly maxExpirationSeconds?: number;
  /** Gives pods a token for a year where they ask for the customary hour. @default true */
  readonly extendExpiration?: boolean;
  /** Where relying parties find the keys, as discovery says. @default `/openid/v1/jwks` of the server */
  readonly jwksUri?: string;
}

/** `iss` of the tokens in Secrets. */
const legacyIssuer = 'kubernetes/serviceaccount';
/** Clocks may differ by this much, and what is deleted is given this long. Source: go-jose's `DefaultLeeway`. */
const leewaySeconds = 60;

/**
 * Signs the tokens of service accounts and verifies them. A token is good while its signature, its time and its
 * audience are, and its account and whatever it is bound to exist. Source: `pkg/serviceaccount` of Kubernetes.
 */
export class ServiceAccountTokens implements TokenAuthenticator {
  readonly options: ServiceAccountOptions;
  readonly #audiences: readonly string[];
  readonly #objects: ObjectStore;
  readonly #metrics: ServiceAccountMetrics;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;

  constructor(
    options: ServiceAccountOptions,
    from: {
      readonly audiences: readonly string[];
      readonly objects: ObjectStore;
      readonly metrics: ServiceAccountMetrics;
      now(): number;
      /** Told what could not be written of a token's use. */
      onError(error: unknown): void;
    },
  ) {
    this.options = options;
    this.#audiences = from.audiences;
    this.#objects = from.objects;
    this.#metrics = from.metrics;
    this.#now = () => from.now();
    this.#onError = (error) => from.onError(error);
  }

  /** Signs a token for the account. Times in seconds since the epoch. */
  sign(claims: {
    readonly audiences: readonly string[];
    readonly issuedAt: number;
    readonly expiresAt: number;
    readonly kubernetes: ServiceAccountClaims;
  }): { readonly token: string; readonly id: string } {
    const { audiences, issuedAt, expiresAt, kubernetes } = claims;
    const { signing } = this.options.keys();
    const id = randomUUID();
    const payload = {
      aud: audiences,
      exp: expiresAt,
      iat: issuedAt,
      iss: this.options.issuers[0],
      jti: id,
      'kubernetes.io': kubernetes,
      nbf: issuedAt,
      sub: serviceAccountUsername(kubernetes.namespace, kubernetes.serviceaccount.name),
    };
    const { algorithm, privateKey } = signing;
    // As go-jose writes it, without `typ`.
    const header = { alg: algorithm, typ: undefined };
    return { token: jwt.sign(payload, privateKey, { algorithm, keyid: signing.id, header }), id };
  }

  async authenticateToken(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined> {
    const decoded = jwt.decode(token, { complete: true });
    if (decoded === null || typeof decoded.payload === 'string') return undefined;
    const issuer = decoded.payload.iss ?? '';
    const isLegacy = issuer === legacyIssuer;
    if (!isLegacy && !this.options.issuers.includes(issuer)) return undefined;
    const claims = parseClaims(this.#verified(token, decoded.header.kid));
    if (claims === undefined) throw new CredentialError('the claims are not those of a service account');
    const meant = claims.aud.length === 0 ? this.#audiences : claims.aud;
    const common = intersect(meant, audiences);
    if (common.length === 0)
      throw new CredentialError(
        `token audiences ${quoted(meant)} is invalid for the target audiences ${quoted(audiences)}`,
      );
    this.#checkTime(claims);
    if (
      claims.sub !==
      serviceAccountUsername(claims.kubernetes.namespace, claims.kubernetes.serviceaccount.name)
    )
      throw new CredentialError('the subject is not the account of the claims');
    const account = await this.#account(claims);
    if (!isLegacy) await this.#checkBinding(claims);
    const credential = isLegacy ? await this.#legacyNotes(token, claims, account) : this.#boundNotes(claims);
    const user = serviceAccountUser(claims);
    return { user: credential === undefined ? user : { ...user, credential }, audiences: common };
  }

  #verified(token: string, id: string | undefined): unknown {
    const { verifying } = this.options.keys();
    const keys = id === undefined ? verifying : verifying.filter((key) => key.id === id);
    let problem = 'invalid signature, no keys found';
    for (const { key, algorithm } of keys) {
      try {
        // Times are looked at below, with upstream's words.
        return jwt.verify(token, key, {
          algorithms: [algorithm],
          ignoreExpiration: true,
          ignoreNotBefore: true,
        });
      } catch (error) {
        // Whatever it throws is about the token: of a signature of a wrong length not even its own class of errors.
        problem = error instanceof Error ? error.message : String(error);
      }
    }
    throw new CredentialError(problem);
  }

  #checkTime({ exp, nbf, iat }: TokenClaims): void {
    const now = this.#now() / 1000;
    if (nbf !== undefined && nbf > now + leewaySeconds)
      throw new CredentialError('service account token is not valid yet');
    if (exp !== undefined && exp < now - leewaySeconds)
      throw new CredentialError('service account token has expired');
    if (iat !== undefined && iat > now + leewaySeconds)
      throw new CredentialError('service account token is issued in the future');
  }

  async #account({ kubernetes: { namespace, serviceaccount } }: TokenClaims): Promise<ServiceAccount> {
    const { name, uid } = serviceaccount;
    const account = await this.#objects.get(ServiceAccount, namespace, name);
    if (account === undefined) throw new CredentialError(`serviceaccounts "${name}" not found`);
    if (this.#isGone(account))
      throw new CredentialError(`service account ${namespace}/${name} has been deleted`);
    if (account.metadata.uid !== uid)
      throw new CredentialError(
        `service account UID (${account.metadata.uid ?? ''}) does not match claim (${uid})`,
      );
    return account;
  }

  async #checkBinding({ kubernetes: { namespace, pod, secret, node } }: TokenClaims): Promise<void> {
    if (secret !== undefined) await this.#checkBound(Secret, namespace, secret);
    if (pod !== undefined) await this.#checkBound(Pod, namespace, pod);
    // The node of a pod's token only says where the pod is: the token lives as long as the pod.
    else if (node !== undefined) await this.#checkBound(Node, '', node);
  }

  async #checkBound<T extends KubernetesObject>(
    kind: Kind<T>,
    namespace: string,
    { name, uid }: ObjectRef,
  ): Promise<void> {
    const object = await this.#objects.get(kind, namespace, name);
    if (object === undefined || this.#isGone(object))
      throw new CredentialError('service account token has been invalidated');
    if (object.metadata.uid !== uid)
      throw new CredentialError(
        `${kind.singular} UID (${object.metadata.uid ?? ''}) does not match service account ${kind.singular} ref claim (${uid})`,
      );
  }

  /** Tells on a pod that goes on with a token for which it should have fetched another. Source: KEP-1205. */
  #boundNotes({ sub, kubernetes: { warnafter } }: TokenClaims): CredentialNotes | undefined {
    if (warnafter === undefined || warnafter === 0) return undefined;
    const seconds = Math.floor(this.#now() / 1000) - warnafter;
    if (seconds <= 0) {
      this.#metrics.valid += 1;
      return undefined;
    }
    this.#metrics.stale += 1;
    const text = `subject: ${sub}, seconds after warning threshold: ${seconds}`;
    return { annotations: { 'authentication.k8s.io/stale-token': text } };
  }

  /** Source: KEP-2799, which counts tokens in Secrets and tells who still has one. */
  async #legacyNotes(
    token: string,
    { sub, kubernetes: { namespace, secret } }: TokenClaims,
    account: ServiceAccount,
  ): Promise<CredentialNotes> {
    const { name = '' } = secret ?? {};
    const object = await this.#objects.get(Secret, namespace, name);
    const stored = Buffer.from(object?.data?.token ?? '', 'base64').toString('utf8');
    if (object === undefined || this.#isGone(object) || stored !== token)
      throw new CredentialError('token has been invalidated');
    this.#metrics.legacy += 1;
    noteLastUse(this.#objects, object, this.#now()).catch(this.#onError);
    if (object.metadata.labels?.[invalidSince] !== undefined) {
      this.#metrics.invalidLegacyAuto += 1;
      throw new CredentialError(
        `the token in secret ${namespace}/${name} for service account ${namespace}/${account.metadata.name ?? ''} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSince}' label from the secret to temporarily allow use of this token`,
      );
    }
    const annotations = { 'authentication.k8s.io/legacy-token': sub };
    if ((account.secrets ?? []).some((ref) => ref.name === name)) {
      this.#metrics.legacyAuto += 1;
      return {
        annotations: { ...annotations, 'authentication.k8s.io/legacy-token-autogenerated-secret': name },
        warning:
          'Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.',
      };
    }
    this.#metrics.legacyManual += 1;
    return { annotations: { ...annotations, 'authentication.k8s.io/legacy-token-manual-secret': name } };
  }

  #isGone({ metadata: { deletionTimestamp } }: KubernetesObject): boolean {
    if (deletionTimestamp === undefined) return false;
    return Date.parse(deletionTimestamp) < this.#now() - leewaySeconds * 1000;
  }
}

function quoted(audiences: readonly string[]): string {
  return `[${audiences.map((audience) => JSON.stringify(audience)).join(' ')}]`;
}
