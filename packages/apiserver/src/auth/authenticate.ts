import { ApiError } from '@kubewright/api';
import type { Exchange } from '../exchange.js';

/** Paths that anybody may read: probes have no identity. Source: `system:public-info-viewer`. */
const publicPaths = /^\/(?:healthz|livez|readyz)(?:\/|$)|^\/version\/?$/;

/**
 * Finds out who asks. A client certificate of the server's CA names the user by its common name and the groups by its
 * organizations.
 * @throws ApiError Unauthorized
 */
export function authenticate(exchange: Exchange): void {
  const { certificate } = exchange.request;
  if (certificate !== undefined) {
    exchange.user = {
      name: certificate.commonName,
      groups: [...certificate.organizations, 'system:authenticated'],
    };
    return;
  }
  if (!publicPaths.test(exchange.info.path)) throw new ApiError('Unauthorized', 'Unauthorized');
}
