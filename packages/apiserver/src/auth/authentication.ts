import type { Logger } from 'pino';
import type { ServiceAccountMetrics } from '../metrics/service-account-metrics.js';
import type { TokenCacheMetrics } from '../metrics/token-cache-metrics.js';
import type { ObjectStore } from '../registry/write-context.js';
import { type AnonymousOptions, AuthenticatorChain } from './authentication/authenticator-chain.js';
import { bearerTokenAuthenticator, webSocketTokenAuthenticator } from './authentication/bearer-token.js';
import { bootstrapTokenAuthenticator } from './authentication/bootstrap-token.js';
import { clientCertificateAuthenticator } from './authentication/client-certificate.js';
import { type FrontProxyOptions, frontProxyAuthenticator } from './authentication/front-proxy.js';
import { TokenUnion } from './authentication/token-union.js';
import { type WebhookOptions, webhookTokenAuthenticator } from './authentication/webhook-token.js';
import type { TokenAuthenticator } from './authenticator.js';
import { JwtAuthenticator } from './oidc/jwt-authenticator.js';
import type { JwtConfiguration } from './oidc/jwt-configuration.js';
import {
  type ServiceAccountOptions,
  ServiceAccountTokens,
} from './service-account/service-account-tokens.js';

/** How a server finds out who asks, besides client certificates, which every listener has a CA for. */
export interface AuthenticationOptions {
  /** Tokens of service accounts. @default none are signed or taken */
  readonly serviceAccounts?: ServiceAccountOptions;
  /** What tokens are meant for that are meant for this server (`--api-audiences`). @default the first issuer */
  readonly audiences?: readonly string[];
  readonly frontProxy?: FrontProxyOptions;
  /** Takes the bootstrap tokens in kube-system. @default false */
  readonly bootstrapTokens?: boolean;
  /** Issuers of OpenID Connect. @default none */
  readonly jwt?: readonly JwtConfiguration[];
  /** Asked about tokens that nobody else knows. @default none */
  readonly webhook?: WebhookOptions;
  /** Tokens of other sorts, asked after the server's own. */
  readonly tokens?: readonly TokenAuthenticator[];
  /** @default to the paths of `publicPaths` */
  readonly anonymous?: AnonymousOptions;
}

/** Paths that anybody may read: probes have no identity. Source: the role `system:public-info-viewer`. */
export const publicPaths = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

/** All of a server's authentication. */
export class Authentication {
  readonly authenticator: AuthenticatorChain;
  readonly #tokens: TokenUnion;
  readonly #sorts: (jwt: readonly JwtConfiguration[]) => TokenAuthenticator[];
  readonly serviceAccountTokens: ServiceAccountTokens | undefined;
  /** What tokens are meant for that are meant for this server. */
  readonly audiences: readonly string[];

  constructor(
    options: AuthenticationOptions,
    from: {
      readonly objects: ObjectStore;
      readonly logger: Logger;
      readonly metrics: {
        readonly serviceAccounts: ServiceAccountMetrics;
        readonly tokens: TokenCacheMetrics;
      };
      now(): number;
    },
  ) {
    const { serviceAccounts, frontProxy, anonymous = { enabled: true, paths: publicPaths } } = options;
    const now = () => from.now();
    this.audiences = options.audiences ?? serviceAccounts?.issuers.slice(0, 1) ?? [];
    if (serviceAccounts !== undefined)
      this.serviceAccountTokens = new ServiceAccountTokens(serviceAccounts, {
        audiences: this.audiences,
        objects: from.objects,
        metrics: from.metrics.serviceAccounts,
        now,
        onError: (err) => from.logger.warn({ err }, 'the last use of a token is not noted for now'),
      });
    const { audiences } = this;
    const { bootstrapTokens = false, webhook } = options;
    const before = [
      ...(this.serviceAccountTokens === undefined ? [] : [this.serviceAccountTokens]),
      ...(bootstrapTokens ? [bootstrapTokenAuthenticator(from.objects, audiences, now)] : []),
    ];
    const after = [
      ...(webhook === undefined ? [] : [webhookTokenAuthenticator(webhook, audiences)]),
      ...(options.tokens ?? []),
    ];
    this.#sorts = (jwt) => [
      ...before,
      ...jwt.map((issuer) => new JwtAuthenticator(issuer, { audiences, now })),
      ...after,
    ];
    this.#tokens = new TokenUnion(this.#sorts(options.jwt ?? []), now, from.metrics.tokens);
    this.authenticator = new AuthenticatorChain(
      [
        ...(frontProxy === undefined ? [] : [frontProxyAuthenticator(frontProxy, now)]),
        clientCertificateAuthenticator(now),
        bearerTokenAuthenticator(this.tokens, this.audiences),
        webSocketTokenAuthenticator(this.tokens, this.audiences),
      ],
      anonymous,
      from.logger,
    );
  }

  /** Of all sorts of tokens, for those who have one reviewed. */
  get tokens(): TokenAuthenticator {
    return this.#tokens;
  }

  /** Goes by other issuers from now on. Source: reload of `--authentication-config`. */
  replace({ jwt, anonymous }: Pick<AuthenticationOptions, 'jwt' | 'anonymous'>): void {
    this.#tokens.replace(this.#sorts(jwt ?? []));
    if (anonymous !== undefined) this.authenticator.setAnonymous(anonymous);
  }
}
