import type { Exchange } from '../../exchange.js';
import type { Attributes, Decision } from './authorizer.js';
import { forbiddenRequest } from './forbidden-request.js';
import { RequestAttributes } from './request-attributes.js';

/**
 * Decides whether the user may do what the request asks for.
 * @throws ApiError Forbidden
 */
export function authorize(exchange: Exchange): void | Promise<void> {
  const attributes = new RequestAttributes(exchange.user, exchange.info);
  const start = performance.now();
  const decision = exchange.server.authorizer.authorize(attributes);
  if (decision instanceof Promise)
    return decision.then((late) => settle(exchange, attributes, { decision: late, start }));
  settle(exchange, attributes, { decision, start });
}

function settle(
  exchange: Exchange,
  attributes: Attributes,
  { decision, start }: { readonly decision: Decision; readonly start: number },
): void {
  const { authorization, requests } = exchange.server.metrics;
  const ms = performance.now() - start;
  authorization.observe(decision, ms);
  requests.stages.authorization.observe(ms / 1000);
  if (exchange.audit !== undefined) annotate(exchange, decision);
  if (decision.verdict === 'allow') return;
  if (decision.error !== undefined) throw decision.error;
  throw forbiddenRequest(attributes, decision.reason);
}

function annotate(exchange: Exchange, { verdict, reason, error }: Decision): void {
  const isAllowed = verdict === 'allow';
  if (isAllowed || error === undefined)
    exchange.annotate('authorization.k8s.io/decision', isAllowed ? 'allow' : 'forbid');
  exchange.annotate(
    'authorization.k8s.io/reason',
    !isAllowed && error !== undefined ? 'internal error' : reason,
  );
}
