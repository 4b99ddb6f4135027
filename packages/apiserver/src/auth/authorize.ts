import type { Exchange } from '../exchange.js';

/**
 * Decides whether the user may do it. For now whoever the server's own CA vouches for may do all; nobody else comes
 * past authentication but to public paths.
 */
export function authorize(_exchange: Exchange): void {
  // The stage stands here so that rules find their place; there is nothing to look up yet.
}
