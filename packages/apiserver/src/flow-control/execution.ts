import type { FlowSeries } from '../metrics/flow-control-metrics.js';
import type { FlowRequest } from './priority-level.js';

/** Where a request was put, for its answer's headers. */
export interface FlowPlace {
  readonly schemaUid: string;
  readonly levelUid: string;
}

/** A request that goes on, until it gives its seats back. */
export class Execution implements FlowPlace {
  readonly request: FlowRequest;
  readonly schemaUid: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly #series: FlowSeries;
  readonly #began = performance.now();
  readonly #released: () => void;

  constructor(
    request: FlowRequest,
    from: {
      readonly schemaUid: string;
      readonly startedAt: number;
      readonly series: FlowSeries;
      readonly released: () => void;
    },
  ) {
    this.request = request;
    this.schemaUid = from.schemaUid;
    this.startedAt = from.startedAt;
    this.#series = from.series;
    this.#released = from.released;
    const { level, seats } = request;
    level.seatsInUse += seats;
    level.running.add(this);
    level.counts.dispatched += 1;
    this.#series.began(seats);
  }

  get levelUid(): string {
    return this.request.level.uid;
  }

  /** Gives the seats back; more than once does no harm. */
  release(): void {
    const { level, seats, isWatch } = this.request;
    if (!level.running.delete(this)) return;
    level.seatsInUse -= seats;
    this.#series.ended(seats, isWatch, performance.now() - this.#began);
    this.#released();
  }
}
