import { ApiError } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import { allowedMs } from '../http/deadline.js';
import type { Execution } from './execution.js';
import type { Refused } from './flow-control.js';

/**
 * Lets the request go on when it is its turn.
 * @throws ApiError TooManyRequests
 */
export function controlFlow(exchange: Exchange): void | Promise<void> {
  const { flowControl } = exchange.server;
  if (flowControl === undefined) return;
  const { info, user, request } = exchange;
  // Long streams hold no seat, but for the beginning of a watch.
  if (info.verb !== 'watch' && allowedMs(exchange) === undefined) return;
  const admitted = flowControl.admit({ user, info, at: exchange.startedAt, signal: request.signal });
  if (admitted === undefined) return;
  if (admitted instanceof Promise) return waitFor(exchange, admitted);
  settle(exchange, admitted);
}

async function waitFor(exchange: Exchange, turn: Promise<Execution | Refused>): Promise<void> {
  const start = performance.now();
  const outcome = await exchange.server.metrics.requests.waiting(exchange, turn);
  exchange.waitedMs += performance.now() - start;
  settle(exchange, outcome);
}

function settle(exchange: Exchange, outcome: Execution | Refused): void {
  exchange.flow = outcome;
  if (!('refused' in outcome)) return;
  exchange.server.metrics.requests.terminated(exchange, 429);
  throw new ApiError('TooManyRequests', 'too many requests, please try again later', {
    details: { retryAfterSeconds: 1 },
  });
}
