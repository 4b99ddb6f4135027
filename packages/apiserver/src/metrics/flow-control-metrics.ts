import type { FlowControl } from '../flow-control/flow-control.js';
import type { PriorityLevel } from '../flow-control/priority-level.js';
import { ByLabels, Distribution, type ExposedMetric, exposed, type MetricValue } from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const bounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

const prefix = 'apiserver_flowcontrol_';

/** What flow control does with requests. */
export class FlowControlMetrics {
  readonly #dispatched = new Map<string, Map<string, number>>();
  readonly #rejected = new ByLabels(() => ({ count: 0 }));
  readonly #waits = new ByLabels(() => new Distribution(bounds));
  #flowControl: FlowControl | undefined;

  /** Whose levels are shown. */
  of(flowControl: FlowControl): void {
    this.#flowControl = flowControl;
  }

  dispatched(level: string, schema: string): void {
    let schemas = this.#dispatched.get(level);
    if (schemas === undefined) {
      schemas = new Map();
      this.#dispatched.set(level, schemas);
    }
    schemas.set(schema, (schemas.get(schema) ?? 0) + 1);
  }

  rejected(level: string, schema: string, reason: string): void {
    this.#rejected.at({ priority_level: level, flow_schema: schema, reason }).count += 1;
  }

  waited(level: string, schema: string, milliseconds: number): void {
    this.#waits.at({ priority_level: level, flow_schema: schema }).observe(milliseconds / 1000);
  }

  metrics(): ExposedMetric[] {
    const waits = `${prefix}request_wait_duration_seconds`;
    const gauge = (name: string, help: string, value: (level: PriorityLevel) => number) =>
      exposed(`${prefix}${name}`, 'gauge', help, () => this.#levels(value));
    return [
      exposed(`${prefix}dispatched_requests_total`, 'counter', 'Requests that went on.', () =>
        [...this.#dispatched].flatMap(([level, schemas]) =>
          [...schemas].map(([schema, value]) => ({
            labels: { priority_level: level, flow_schema: schema },
            value,
          })),
        ),
      ),
      exposed(`${prefix}rejected_requests_total`, 'counter', 'Requests that did not.', () =>
        this.#rejected.flatMap((labels, { count }) => [{ labels, value: count }]),
      ),
      exposed(waits, 'histogram', 'Time that requests waited.', () =>
        this.#waits.flatMap((labels, distribution) => distribution.values(waits, labels)),
      ),
      gauge('current_inqueue_requests', 'Requests that wait.', ({ waiting }) => waiting),
      gauge('current_executing_requests', 'Requests under way.', ({ executing }) => executing),
      gauge('current_executing_seats', 'Seats that they have.', ({ seatsInUse }) => seatsInUse),
      gauge('nominal_limit_seats', 'Seats of the level.', ({ nominal }) => nominal),
      gauge('lower_limit_seats', 'Seats that it never lends.', ({ nominal, lendable }) => nominal - lendable),
    ];
  }

  #levels(value: (level: PriorityLevel) => number): MetricValue[] {
    return [...(this.#flowControl?.levels.values() ?? [])].map((level) => ({
      labels: { priority_level: level.name },
      value: value(level),
    }));
  }
}
