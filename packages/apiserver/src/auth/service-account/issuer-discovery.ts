import { encodeJson } from '@kubewright/api';
import { matchRoute } from '../../encoding/negotiate.js';
import type { Exchange } from '../../exchange.js';
import type { Paths } from '../../http/paths.js';
import type { ServiceAccountOptions } from './service-account-tokens.js';

/** How long relying parties may keep the answers. */
const cacheControl = { 'cache-control': 'public, max-age=3600' };

const route = { route: true };

/**
 * Serves what a relying party needs to verify tokens by itself: the issuer's metadata and its public keys.
 * Source: OpenID Connect Discovery 1.0; RFC 7517.
 */
export function serveIssuerDiscovery(
  paths: Paths,
  { issuers, keys, jwksUri }: ServiceAccountOptions,
  advertised: string,
): void {
  paths.add(
    '/.well-known/openid-configuration',
    (exchange: Exchange) => {
      const document = {
        issuer: issuers[0],
        jwks_uri: jwksUri ?? `https://${advertised}/openid/v1/jwks`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [
          ...new Set(keys().verifying.map(({ algorithm }) => algorithm)),
        ],
      };
      answer(exchange, 'application/json', document);
    },
    route,
  );
  paths.add(
    '/openid/v1/jwks',
    (exchange: Exchange) => {
      const set = {
        keys: keys().verifying.map(({ id, algorithm, key }) => ({
          use: 'sig',
          kid: id,
          alg: algorithm,
          ...key.export({ format: 'jwk' }),
        })),
      };
      answer(exchange, 'application/jwk-set+json', set);
    },
    route,
  );
}

/** @throws ApiError NotAcceptable */
function answer(exchange: Exchange, contentType: string, document: object): void {
  matchRoute(exchange.request.headers.accept, [contentType]);
  exchange.send(200, contentType, encodeJson(document), { ...cacheControl });
}
