import type { Exchange } from '../../exchange.js';
import { RequestAttributes } from '../authorization/request-attributes.js';
import { asksToImpersonate, wantedUser } from './wanted-user.js';

/**
 * Makes the request that of the user that its headers name, where who asks may do that.
 * @throws ApiError Forbidden, BadRequest
 */
export function impersonate(exchange: Exchange): void | Promise<void> {
  if (asksToImpersonate(exchange.request.headers)) return become(exchange);
}

async function become(exchange: Exchange): Promise<void> {
  const { request, server, user, info } = exchange;
  const wanted = wantedUser(request.rawHeaders);
  if (wanted === undefined) return;
  const start = performance.now();
  const observe = (mode: string, decision: 'allowed' | 'denied') =>
    server.metrics.authorization.impersonated(mode, decision, performance.now() - start);
  try {
    const attributes = new RequestAttributes(user, info);
    const { user: become, constraint } = await server.impersonation.userFor(wanted, attributes);
    observe(constraint === '' ? 'legacy' : constraint.replace('impersonate:', ''), 'allowed');
    exchange.impersonation = { by: user, constraint };
    exchange.user = become;
  } catch (error) {
    observe('', 'denied');
    throw error;
  }
}
