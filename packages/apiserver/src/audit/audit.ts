import type { Logger } from 'pino';
import { RequestAttributes } from '../auth/authorization/request-attributes.js';
import type { Exchange } from '../exchange.js';
import type { AuditMetrics } from '../metrics/audit-metrics.js';
import type { AuditBackend, AuditEvent, OpenAuditBackend } from './audit-event.js';
import { AuditRecord } from './audit-record.js';
import { auditRuling } from './match-rule.js';
import type { AuditPolicy } from './policy.js';

export interface AuditOptions {
  readonly policy: AuditPolicy;
  /** The server closes them when it stops. */
  readonly backends: readonly OpenAuditBackend[];
}

interface AuditSurroundings {
  readonly metrics: AuditMetrics;
  readonly logger: Logger;
}

/** Writes down who did what, as far as the policy wants it. Source: the "Auditing" page. */
export class Audit {
  readonly #policy: AuditPolicy;
  readonly #backends: readonly AuditBackend[];
  readonly #metrics: AuditMetrics;

  constructor({ policy, backends }: AuditOptions, { metrics, logger }: AuditSurroundings) {
    this.#policy = policy;
    this.#metrics = metrics;
    this.#backends = backends.map((open) => {
      const backend = open((err, events) => {
        metrics.lost(backend.name, events);
        logger.error({ err, plugin: backend.name, events }, 'audit events are lost');
      });
      return backend;
    });
  }

  /** Begins the record of a request whose user is known. */
  begin(exchange: Exchange): void {
    exchange.audit = this.#record(exchange);
    exchange.audit?.received();
  }

  /** Writes down a request that failed before its user was known; it has been answered. */
  unauthenticated(exchange: Exchange): void {
    if (exchange.info !== undefined) this.#record(exchange)?.unauthenticated();
  }

  /** Resolves when all events are kept, or given up. */
  async close(): Promise<void> {
    await Promise.all(this.#backends.map((backend) => backend.close()));
  }

  #record(exchange: Exchange): AuditRecord | undefined {
    const ruling = auditRuling(this.#policy, new RequestAttributes(exchange.user, exchange.info));
    this.#metrics.level(ruling.level);
    if (ruling.level === 'None') return undefined;
    return new AuditRecord(exchange, ruling, (event) => this.#write(event));
  }

  #write(event: AuditEvent): void {
    this.#metrics.event();
    for (const backend of this.#backends) backend.write(event);
  }
}
