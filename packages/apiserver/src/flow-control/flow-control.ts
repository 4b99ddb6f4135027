import { FlowSchema, PriorityLevelConfiguration } from '@kubewright/api/flowcontrol/v1';
import type { Logger } from 'pino';
import type { User } from '../auth/user.js';
import type { RequestInfo } from '../http/request-info.js';
import type { FlowControlMetrics } from '../metrics/flow-control-metrics.js';
import { followObjects } from '../registry/follow-objects.js';
import type { ResourceTable } from '../registry/resource-table.js';
import type { ObjectStore } from '../registry/write-context.js';
import { noteDangling, saysDangling } from './dangling.js';
import { estimateSeats } from './estimate-seats.js';
import { Execution, type FlowPlace } from './execution.js';
import { compareSchemas, matchesSchema } from './match-flow-schema.js';
import { allotSeats, type FlowRequest, type Outcome, PriorityLevel } from './priority-level.js';

export interface FlowControlOptions {
  /** Requests that may be executed at once: `--max-requests-inflight` and `--max-mutating-requests-inflight`. @default 600 */
  readonly serverSeats?: number;
  /** How long a request may wait. @default a quarter of the longest request, as upstream */
  readonly longestWaitMs?: number;
  /** How long one turn of the event loop works on requests before others get a say. @default 4 */
  readonly turnMs?: number;
}

/** A turn may seem long because the machine has other work; so few requests take no longer than a millisecond. */
const fewestAtOnce = 8;
/** More at once would not make it faster. */
const mostAtOnce = 256;

/** What flow control needs of its server. */
interface Surroundings {
  readonly resources: ResourceTable;
  readonly objects: ObjectStore;
  readonly logger: Logger;
  now(): number;
}

interface Arrival {
  readonly user: User;
  readonly info: RequestInfo;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly signal: AbortSignal;
}

/**
 * API priority and fairness: who asks for much waits, others do not. Two things are shared out. Seats, of which each
 * level has its own and borrows those that others do not need; and the time of the event loop, of which one turn
 * spends so much on requests and no more: what comes beyond waits in the queues of its level for the next turn, and
 * then levels and flows take turns by what they have used. Where nothing waits and a turn has time left, a request
 * costs a look at the schemas and a few additions. Source: KEP-1040.
 */
export class FlowControl {
  readonly levels = new Map<string, PriorityLevel>();
  readonly #schemas = new Map<string, FlowSchema>();
  readonly #specs = new Map<string, PriorityLevelConfiguration>();
  #ordered: readonly FlowSchema[] = [];
  readonly #around: Surroundings;
  readonly #resources: ResourceTable;
  readonly #metrics: FlowControlMetrics;
  /** All that there are. */
  readonly serverSeats: number;
  readonly #longestWaitMs: number;
  readonly #turnMs: number;
  /** All that waits. */
  #waiting = 0;
  /** Refusals that are to be told, the first to come first. */
  readonly #refusals: (() => void)[] = [];
  /** How many of them go on in one turn: so many that it lasts about as long as a turn may. */
  #batch = 16;
  #dispatchedAt: number | undefined;
  #turnBegan = 0;
  #turnOpen = false;
  #expiry: NodeJS.Timeout | undefined;
  #checking = false;
  #closed = false;
  /** The clock that all levels share. */
  #virtual = 0;

  constructor(options: FlowControlOptions, around: Surroundings, metrics: FlowControlMetrics) {
    this.#around = around;
    this.#resources = around.resources;
    this.#metrics = metrics;
    this.serverSeats = options.serverSeats ?? 600;
    this.#longestWaitMs = options.longestWaitMs ?? 15_000;
    this.#turnMs = options.turnMs ?? 4;
  }

  /** Follows the schemas and levels, whose caches are ready. */
  follow(): void {
    followObjects<FlowSchema>(this.#resources, FlowSchema, {
      set: (schema) => {
        this.#changeSchemas(() => this.#schemas.set(schema.metadata.name ?? '', schema));
        this.#checkLevels();
      },
      delete: (_, name) => this.#changeSchemas(() => this.#schemas.delete(name)),
    });
    followObjects<PriorityLevelConfiguration>(this.#resources, PriorityLevelConfiguration, {
      set: (level) => this.#setLevel(level),
      delete: (_, name) => {
        this.#specs.delete(name);
        // What waits there goes on waiting for its turn.
        if (this.levels.get(name)?.waiting === 0) this.levels.delete(name);
        allotSeats(this.levels, this.#specs, this.serverSeats);
        this.#checkLevels();
      },
    });
  }

  /**
   * Lets a request go on, at once or later.
   * @returns undefined where no schema is for it, as before there are any; an {@link Outcome} where it may not go on
   */
  admit(arrival: Arrival): Execution | undefined | Promise<Execution | Refused> | Refused {
    const { user, info } = arrival;
    const schema = this.#ordered.find((one) => matchesSchema(one, user, info));
    const level = this.levels.get(schema?.spec?.priorityLevelConfiguration.name ?? '');
    if (schema === undefined || level === undefined) return undefined;
    const seats = level.exempt
      ? 1
      : Math.min(estimateSeats(info, this.#resources), Math.max(1, level.nominal));
    const request: FlowRequest = {
      level,
      schema: schema.metadata.name ?? '',
      distinguisher: distinguisherOf(schema, arrival),
      seats,
      arrivedAt: arrival.at,
      isWatch: info.verb === 'watch',
      user,
      info,
    };
    const mayGoOn =
      level.exempt || (this.#waiting === 0 && this.#hasTime(arrival.at) && this.#hasSeats(level, seats));
    return mayGoOn ? this.#begin(request, schema) : this.#wait(request, schema, arrival.signal);
  }

  /** Seats that a level may have now. */
  limitOf(level: PriorityLevel): number {
    if (level.exempt) return level.seatsInUse;
    return Math.min(level.most, level.nominal + Math.max(0, this.#borrowable(level)));
  }

  /** Ends all that waits. */
  close(): void {
    this.#closed = true;
    for (const refuse of this.#refusals.splice(0)) refuse();
    clearTimeout(this.#expiry);
    for (const level of this.levels.values())
      for (let request = level.take(); request !== undefined; request = level.take())
        request.settle?.('cancelled');
    this.#waiting = 0;
  }

  /** Whether this turn of the event loop has time for another request. */
  #hasTime(at: number): boolean {
    if (!this.#turnOpen) this.#openTurn(at);
    return at - this.#turnBegan < this.#turnMs;
  }

  #openTurn(at: number): void {
    this.#turnOpen = true;
    this.#turnBegan = at;
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#turnOpen = false;
    if (this.#dispatchedAt !== undefined) {
      // The turn had the requests of the last dispatch in it, and the reading of what their clients sent next.
      const took = performance.now() - this.#dispatchedAt;
      this.#dispatchedAt = undefined;
      this.#batch =
        took > this.#turnMs
          ? Math.max(fewestAtOnce, this.#batch >> 1)
          : Math.min(mostAtOnce, this.#batch + 1);
    }
    if (this.#waiting > 0 || this.#refusals.length > 0) this.#dispatch();
  };

  /** A level has what is its own, and may borrow what others lend and do not need. */
  #hasSeats(level: PriorityLevel, seats: number): boolean {
    const wanted = level.seatsInUse + seats;
    if (wanted <= level.nominal) return true;
    return wanted <= level.most && wanted - level.nominal <= this.#borrowable(level);
  }

  #borrowable(level: PriorityLevel): number {
    let spare = 0;
    for (const other of this.levels.values()) {
      if (other === level || other.exempt) continue;
      spare += Math.min(other.lendable, Math.max(0, other.nominal - other.seatsInUse));
      spare -= Math.max(0, other.seatsInUse - other.nominal);
    }
    return spare;
  }

  #begin(request: FlowRequest, schema: FlowSchema): Execution {
    const { level, seats } = request;
    level.next = Math.max(level.next, this.#virtual) + seats / Math.max(1, level.nominal);
    return new Execution(request, {
      schemaUid: schema.metadata.uid ?? '',
      startedAt: this.#around.now(),
      series: this.#metrics.series(level.name, request.schema),
      released: this.#released,
    });
  }

  readonly #released = (): void => {
    if (this.#waiting > 0 && !this.#turnOpen) this.#openTurn(Number.NEGATIVE_INFINITY);
  };

  #wait(
    request: FlowRequest,
    schema: FlowSchema,
    signal: AbortSignal,
  ): Promise<Execution | Refused> | Refused {
    const { level, seats, arrivedAt: at } = request;
    const place = { schemaUid: schema.metadata.uid ?? '', levelUid: level.uid };
    const refuse = (outcome: Exclude<Outcome, 'execute'>): Refused => {
      if (outcome === 'time-out') level.counts.timedOut += 1;
      else if (outcome === 'cancelled') level.counts.cancelled += 1;
      else level.counts.rejected += 1;
      this.#metrics.rejected(level.name, request.schema, outcome);
      return { ...place, refused: outcome };
    };
    if (level.queues.length === 0) {
      // A level without queues has no place to wait for the next turn either: there it only counts seats.
      return this.#hasSeats(level, seats)
        ? Promise.resolve(this.#begin(request, schema))
        : refuse('concurrency-limit');
    }
    const queued = level.enqueue(request);
    if (queued === undefined) return this.#refuseLater(() => refuse('queue-full'), at);
    const series = this.#metrics.series(level.name, request.schema);
    series.queued(seats, queued);
    this.#waiting += 1;
    if (!this.#turnOpen) this.#openTurn(at);
    this.#expiry ??= setTimeout(this.#expire, this.#longestWaitMs).unref();
    return new Promise((resolve) => {
      const end = (outcome: Outcome) => {
        series.left(seats);
        series.waited(Date.now() - at, outcome === 'execute');
        resolve(outcome === 'execute' ? this.#begin(request, schema) : refuse(outcome));
      };
      const cancel = () => {
        level.remove(request);
        this.#waiting -= 1;
        end('cancelled');
      };
      request.settle = (outcome) => {
        signal.removeEventListener('abort', cancel);
        end(outcome);
      };
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  /** A refusal is work, too: who comes back at once must not fill a turn with refusals. */
  #refuseLater(refuse: () => Refused, at: number): Promise<Refused> {
    if (!this.#turnOpen) this.#openTurn(at);
    return new Promise((resolve) => this.#refusals.push(() => resolve(refuse())));
  }

  /** Lets some of those who wait go on, of the level first that has used the least of its share. */
  #dispatch(): void {
    this.#dispatchedAt = performance.now();
    for (let count = 0; count < this.#batch; count++) {
      const level = this.#nextLevel();
      // Without seats, whoever gives one back opens the next turn.
      if (level === undefined) break;
      this.#virtual = Math.max(this.#virtual, level.next);
      const request = level.take();
      this.#waiting -= 1;
      request?.settle?.('execute');
    }
    for (const refuse of this.#refusals.splice(0, this.#batch)) refuse();
    // What comes meanwhile waits behind them.
    this.#openTurn(Number.NEGATIVE_INFINITY);
  }

  #nextLevel(): PriorityLevel | undefined {
    let next: PriorityLevel | undefined;
    for (const level of this.levels.values()) {
      const request = level.peek();
      if (request === undefined || !this.#hasSeats(level, request.seats)) continue;
      if (next === undefined || level.next < next.next) next = level;
    }
    return next;
  }

  /** Ends those who have waited too long. */
  readonly #expire = (): void => {
    this.#expiry = undefined;
    const before = Date.now() - this.#longestWaitMs;
    let oldest = Number.POSITIVE_INFINITY;
    for (const level of this.levels.values())
      for (const { waiting } of level.queues)
        for (const request of [...waiting]) {
          if (request.arrivedAt > before) {
            oldest = Math.min(oldest, request.arrivedAt);
            continue;
          }
          level.remove(request);
          this.#waiting -= 1;
          request.settle?.('time-out');
        }
    if (this.#waiting > 0) this.#expiry = setTimeout(this.#expire, Math.max(10, oldest - before)).unref();
  };

  /** Soon has every schema say whether its level exists. */
  #checkLevels(): void {
    if (this.#checking) return;
    this.#checking = true;
    setImmediate(() => {
      this.#checking = false;
      for (const schema of this.#schemas.values()) {
        const dangling = !this.#specs.has(schema.spec?.priorityLevelConfiguration.name ?? '');
        if (this.#closed || saysDangling(schema, dangling)) continue;
        noteDangling(this.#around.objects, schema, { dangling, now: this.#around.now() }).catch((err) => {
          if (!this.#closed)
            this.#around.logger.error({ err }, 'the status of a FlowSchema could not be written');
        });
      }
    });
  }

  #changeSchemas(change: () => void): void {
    change();
    this.#ordered = [...this.#schemas.values()].sort(compareSchemas);
  }

  #setLevel(configuration: PriorityLevelConfiguration): void {
    const name = configuration.metadata.name ?? '';
    const known = this.#specs.get(name);
    this.#specs.set(name, configuration);
    if (known === undefined) this.#checkLevels();
    const isSame = known !== undefined && JSON.stringify(known.spec) === JSON.stringify(configuration.spec);
    if (!isSame) {
      const old = this.levels.get(name);
      const level = new PriorityLevel(configuration);
      this.levels.set(name, level);
      // Those who wait by the old rules go on at once: they are few, and changes are rare.
      for (let request = old?.take(); request !== undefined; request = old?.take()) {
        this.#waiting -= 1;
        request.settle?.('execute');
      }
    }
    allotSeats(this.levels, this.#specs, this.serverSeats);
  }
}

/** What tells the flows of a schema from each other. */
function distinguisherOf({ spec }: FlowSchema, { user, info }: Arrival): string {
  const method = spec?.distinguisherMethod?.type;
  return method === 'ByUser' ? user.name : method === 'ByNamespace' ? info.namespace : '';
}

/** A request that may not go on. */
export interface Refused extends FlowPlace {
  readonly refused: Exclude<Outcome, 'execute'>;
}
