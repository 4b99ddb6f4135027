import type { AuditLevel } from '../audit/audit-event.js';
import { type ExposedMetric, exposed } from './series.js';

/** How much is audited, and what got lost of it. */
export class AuditMetrics {
  #events = 0;
  readonly #levels = new Map<AuditLevel, number>();
  readonly #lost = new Map<string, number>();

  event(): void {
    this.#events += 1;
  }

  /** Of one request. */
  level(level: AuditLevel): void {
    this.#levels.set(level, (this.#levels.get(level) ?? 0) + 1);
  }

  /** Events that a backend could not keep. */
  lost(plugin: string, events: number): void {
    this.#lost.set(plugin, (this.#lost.get(plugin) ?? 0) + events);
  }

  metrics(): ExposedMetric[] {
    return [
      exposed('apiserver_audit_event_total', 'counter', '[ALPHA] Audit events.', () => [
        { labels: {}, value: this.#events },
      ]),
      exposed('apiserver_audit_level_total', 'counter', '[ALPHA] Requests by the level of their audit.', () =>
        [...this.#levels].map(([level, value]) => ({ labels: { level }, value })),
      ),
      exposed('apiserver_audit_error_total', 'counter', '[ALPHA] Audit events that got lost.', () =>
        [...this.#lost].map(([plugin, value]) => ({ labels: { plugin }, value })),
      ),
    ];
  }
}
