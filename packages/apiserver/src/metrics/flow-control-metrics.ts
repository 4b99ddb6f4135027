import type { FlowControl } from '../flow-control/flow-control.js';
import type { PriorityLevel } from '../flow-control/priority-level.js';
import { ByLabels, Distribution, type ExposedMetric, exposed, type MetricValue } from './series.js';

/** Upper bounds in seconds and in seats, as upstream has them. */
const secondsBounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const seatsBounds = [1, 2, 4, 8, 16, 32, 64, 100];

/** In requests. */
const queueBounds = [0, 10, 25, 50, 100, 250, 500, 1000];

const prefix = 'apiserver_flowcontrol_';

/** What is counted of the requests of one schema at one level. */
export class FlowSeries {
  dispatched = 0;
  executing = 0;
  seatsInUse = 0;
  waiting = 0;
  seatsWaiting = 0;
  readonly queueLengths = new Distribution(queueBounds);
  readonly seats = new Distribution(seatsBounds);
  readonly regular = new Distribution(secondsBounds);
  readonly watch = new Distribution(secondsBounds);
  readonly waitedThenRan = new Distribution(secondsBounds);
  readonly waitedInVain = new Distribution(secondsBounds);

  began(seats: number): void {
    this.dispatched += 1;
    this.executing += 1;
    this.seatsInUse += seats;
    this.seats.observe(seats);
  }

  ended(seats: number, isWatch: boolean, milliseconds: number): void {
    this.executing -= 1;
    this.seatsInUse -= seats;
    (isWatch ? this.watch : this.regular).observe(milliseconds / 1000);
  }

  /** @param queued how many requests are in its queue now */
  queued(seats: number, queued: number): void {
    this.waiting += 1;
    this.seatsWaiting += seats;
    this.queueLengths.observe(queued);
  }

  left(seats: number): void {
    this.waiting -= 1;
    this.seatsWaiting -= seats;
  }

  waited(milliseconds: number, ran: boolean): void {
    (ran ? this.waitedThenRan : this.waitedInVain).observe(milliseconds / 1000);
  }
}

/** What flow control does with requests. */
export class FlowControlMetrics {
  readonly #series = new Map<string, Map<string, FlowSeries>>();
  readonly #rejected = new ByLabels(() => ({ count: 0 }));
  #flowControl: FlowControl | undefined;

  /** Whose levels are shown. */
  of(flowControl: FlowControl): void {
    this.#flowControl = flowControl;
  }

  series(level: string, schema: string): FlowSeries {
    let schemas = this.#series.get(level);
    if (schemas === undefined) {
      schemas = new Map();
      this.#series.set(level, schemas);
    }
    let series = schemas.get(schema);
    if (series === undefined) {
      series = new FlowSeries();
      schemas.set(schema, series);
    }
    return series;
  }

  rejected(level: string, schema: string, reason: string): void {
    this.#rejected.at({ flow_schema: schema, priority_level: level, reason }).count += 1;
  }

  metrics(): ExposedMetric[] {
    const waits = `${prefix}request_wait_duration_seconds`;
    const times = `${prefix}request_execution_seconds`;
    const seats = `${prefix}work_estimated_seats`;
    const queues = `${prefix}request_queue_length_after_enqueue`;
    const ofLevels = (name: string, help: string, value: (level: PriorityLevel) => number) =>
      exposed(`${prefix}${name}`, 'gauge', help, () => this.#levels(value));
    const ofFlows = (
      name: string,
      type: 'counter' | 'gauge',
      help: string,
      value: (one: FlowSeries) => number,
    ) =>
      exposed(`${prefix}${name}`, type, help, () =>
        this.#flows((series, labels) => [{ labels, value: value(series) }]),
      );
    return [
      ofFlows(
        'dispatched_requests_total',
        'counter',
        '[BETA] Requests that went on.',
        (one) => one.dispatched,
      ),
      exposed(`${prefix}rejected_requests_total`, 'counter', '[BETA] Requests that did not.', () =>
        this.#rejected.flatMap((labels, { count }) => [{ labels, value: count }]),
      ),
      exposed(waits, 'histogram', '[BETA] Time that requests waited.', () =>
        this.#flows(({ waitedThenRan, waitedInVain }, labels) => [
          ...waitedThenRan.values(waits, { execute: 'true', ...labels }),
          ...waitedInVain.values(waits, { execute: 'false', ...labels }),
        ]),
      ),
      exposed(times, 'histogram', '[ALPHA] Time that requests took.', () =>
        this.#flows(({ regular, watch }, labels) => [
          ...regular.values(times, { ...labels, type: 'regular' }),
          ...watch.values(times, { ...labels, type: 'watch' }),
        ]),
      ),
      exposed(seats, 'histogram', '[ALPHA] Seats that requests were taken to need.', () =>
        this.#flows((series, labels) => series.seats.values(seats, labels)),
      ),
      exposed(queues, 'histogram', '[ALPHA] How long the queue is that a request has come into.', () =>
        this.#flows((series, labels) => series.queueLengths.values(queues, labels)),
      ),
      ofFlows(
        'current_inqueue_seats',
        'gauge',
        '[ALPHA] Seats that those who wait will need.',
        ({ seatsWaiting }) => seatsWaiting,
      ),
      ofFlows('current_inqueue_requests', 'gauge', '[BETA] Requests that wait.', ({ waiting }) => waiting),
      ofFlows(
        'current_executing_requests',
        'gauge',
        '[BETA] Requests under way.',
        ({ executing }) => executing,
      ),
      ofFlows(
        'current_executing_seats',
        'gauge',
        '[BETA] Seats that they have.',
        ({ seatsInUse }) => seatsInUse,
      ),
      ofLevels('nominal_limit_seats', '[BETA] Seats of the level.', ({ nominal }) => nominal),
      ofLevels(
        'lower_limit_seats',
        '[ALPHA] Seats that it never lends.',
        ({ nominal, lendable }) => nominal - lendable,
      ),
      ofLevels('upper_limit_seats', '[ALPHA] The most seats that it may have.', ({ most }) =>
        this.#upTo(most),
      ),
      ofLevels(
        'current_limit_seats',
        '[ALPHA] Seats that it may have now, with what it can borrow.',
        (level) => this.#upTo(this.#flowControl?.limitOf(level) ?? 0),
      ),
      ofLevels(
        'current_r',
        '[ALPHA] Where the clock of its queues is, in seats that each has used.',
        ({ virtual }) => virtual,
      ),
    ];
  }

  /** No level has more seats than the server. */
  #upTo(seats: number): number {
    return Math.min(seats, this.#flowControl?.serverSeats ?? 0);
  }

  #flows(values: (series: FlowSeries, labels: Record<string, string>) => MetricValue[]): MetricValue[] {
    return [...this.#series].flatMap(([priority_level, schemas]) =>
      [...schemas].flatMap(([flow_schema, series]) => values(series, { flow_schema, priority_level })),
    );
  }

  #levels(value: (level: PriorityLevel) => number): MetricValue[] {
    return [...(this.#flowControl?.levels.values() ?? [])].map((level) => ({
      labels: { priority_level: level.name },
      value: value(level),
    }));
  }
}
