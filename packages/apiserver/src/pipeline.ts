import { authenticate } from './auth/authenticate.js';
import { authorize } from './auth/authorization/authorize.js';
import { impersonate } from './auth/impersonation/impersonate.js';
import type { Exchange } from './exchange.js';
import { controlFlow } from './flow-control/stage.js';
import { allowedMs } from './http/deadline.js';
import { parseRequestInfo } from './http/request-info.js';
import { route } from './verbs/route.js';

/** A step that every request takes. One that throws ends the request with the Status of what it threw. */
export interface Stage {
  readonly name: string;
  run(exchange: Exchange): void | Promise<void>;
}

/** The stages in the order in which they run, upgrades included. `docs/architecture.md` shows the same list. */
export const stages: readonly Stage[] = [
  {
    name: 'request info',
    run: (exchange) => {
      exchange.info = parseRequestInfo(exchange.request.method, exchange.request.url);
    },
  },
  {
    name: 'deadline',
    run: (exchange) => {
      const ms = allowedMs(exchange);
      if (ms !== undefined) exchange.deadline = setTimeout(() => exchange.expire(), ms);
    },
  },
  { name: 'authenticate', run: authenticate },
  { name: 'audit', run: (exchange) => exchange.server.audit?.begin(exchange) },
  { name: 'impersonate', run: impersonate },
  { name: 'flow control', run: controlFlow },
  { name: 'authorize', run: authorize },
  { name: 'route to a verb', run: route },
];

/** Takes a request through the stages; whatever fails becomes its answer. */
export async function runStages(exchange: Exchange): Promise<void> {
  try {
    for (const stage of stages) {
      const running = stage.run(exchange);
      if (running !== undefined) await running;
    }
    if (exchange.expired) exchange.server.metrics.requests.endedLate('ok');
  } catch (error) {
    if (exchange.expired) {
      exchange.server.metrics.requests.endedLate('error');
      return;
    }
    if (exchange.answered)
      exchange.server.logger.error({ err: error, path: exchange.info?.path }, 'an answer broke off');
    else exchange.fail(error);
    if (exchange.audit === undefined && exchange.status === 401)
      exchange.server.audit?.unauthenticated(exchange);
  }
}
