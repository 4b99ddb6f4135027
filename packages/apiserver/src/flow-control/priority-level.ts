import type { PriorityLevelConfiguration } from '@kubewright/api/flowcontrol/v1';
import type { User } from '../auth/user.js';
import type { RequestInfo } from '../http/request-info.js';
import type { Execution } from './execution.js';
import { dealHand } from './shuffle-shard.js';

/** A request on its way through flow control. */
export interface FlowRequest {
  readonly level: PriorityLevel;
  readonly schema: string;
  /** What tells its flow from others of the schema: a user, a namespace, or nothing. */
  readonly distinguisher: string;
  readonly seats: number;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
  /** It gives its seats back when it has begun. */
  readonly isWatch: boolean;
  /** Who asks for what. */
  readonly user: User;
  readonly info: RequestInfo;
  /** Lets it go on, or ends it: set while it waits. */
  settle?: (outcome: Outcome) => void;
}

export type Outcome = 'execute' | 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

/** Requests that wait together, the first to come first. */
interface Queue {
  readonly waiting: FlowRequest[];
  /** Virtual time at which its next request may begin: the seats that it has used, on the level's clock. */
  next: number;
}

/** Counts of what became of requests, for the dump. */
export interface LevelCounts {
  dispatched: number;
  rejected: number;
  timedOut: number;
  cancelled: number;
}

/**
 * One level: seats, and queues of requests that wait for one. Queues take turns by the seats that they have used
 * (start-time fair queuing), so that a flow with many requests holds up its own.
 */
export class PriorityLevel {
  readonly name: string;
  readonly uid: string;
  readonly exempt: boolean;
  readonly queues: readonly Queue[];
  readonly #handSize: number;
  readonly #queueLength: number;
  /** Seats that are its own, those that it lends when it does not need them, and the most that it may have. */
  nominal = 0;
  lendable = 0;
  most = Number.POSITIVE_INFINITY;
  seatsInUse = 0;
  readonly running = new Set<Execution>();
  waiting = 0;
  /** On the clock that all levels share: how much of its share of the server it has used. */
  next = 0;
  readonly counts: LevelCounts = { dispatched: 0, rejected: 0, timedOut: 0, cancelled: 0 };
  /** On the clock of its queues: seats that each of them has used. */
  virtual = 0;

  constructor({ metadata, spec }: PriorityLevelConfiguration) {
    this.name = metadata.name ?? '';
    this.uid = metadata.uid ?? '';
    this.exempt = spec?.type === 'Exempt';
    const response = spec?.limited?.limitResponse;
    const { queues = 64, handSize = 8, queueLengthLimit = 50 } = response?.queuing ?? {};
    const count = response?.type === 'Queue' ? queues : 0;
    this.queues = Array.from({ length: count }, () => ({ waiting: [], next: 0 }));
    this.#handSize = handSize;
    this.#queueLength = queueLengthLimit;
  }

  /** Puts a request into the emptiest of its flow's queues. @returns how long that queue is now; undefined where there is no room */
  enqueue(request: FlowRequest): number | undefined {
    const hand = dealHand(`${request.schema}\n${request.distinguisher}`, this.queues.length, this.#handSize);
    let best: Queue | undefined;
    for (const index of hand) {
      const queue = this.queues[index];
      if (queue !== undefined && (best === undefined || queue.waiting.length < best.waiting.length))
        best = queue;
    }
    if (best === undefined || best.waiting.length >= this.#queueLength) return undefined;
    if (best.waiting.length === 0) best.next = Math.max(best.next, this.virtual);
    best.waiting.push(request);
    this.waiting += 1;
    return best.waiting.length;
  }

  /** The request whose turn it is; it stays in its queue. */
  peek(): FlowRequest | undefined {
    return this.#first()?.waiting[0];
  }

  /** Takes that request out. */
  take(): FlowRequest | undefined {
    const queue = this.#first();
    const request = queue?.waiting.shift();
    if (queue === undefined || request === undefined) return undefined;
    this.virtual = queue.next;
    queue.next += request.seats;
    this.waiting -= 1;
    return request;
  }

  /** Takes out a request that waits no more. */
  remove(request: FlowRequest): void {
    for (const { waiting } of this.queues) {
      const index = waiting.indexOf(request);
      if (index < 0) continue;
      waiting.splice(index, 1);
      this.waiting -= 1;
      return;
    }
  }

  #first(): Queue | undefined {
    if (this.waiting === 0) return undefined;
    let first: Queue | undefined;
    for (const queue of this.queues)
      if (queue.waiting.length > 0 && (first === undefined || queue.next < first.next)) first = queue;
    return first;
  }
}

/** The seats of each level: its share of all, of which it lends some, and how far it may borrow. */
export function allotSeats(
  levels: ReadonlyMap<string, PriorityLevel>,
  specs: ReadonlyMap<string, PriorityLevelConfiguration>,
  serverSeats: number,
): void {
  const shares = (name: string) => {
    const { limited, exempt } = specs.get(name)?.spec ?? {};
    return (
      limited?.nominalConcurrencyShares ??
      exempt?.nominalConcurrencyShares ??
      (limited === undefined ? 0 : 30)
    );
  };
  let sum = 0;
  for (const name of levels.keys()) sum += shares(name);
  for (const [name, level] of levels) {
    const { limited, exempt } = specs.get(name)?.spec ?? {};
    level.nominal = sum === 0 ? 0 : Math.ceil((serverSeats * shares(name)) / sum);
    const lendable = limited?.lendablePercent ?? exempt?.lendablePercent ?? 0;
    level.lendable = Math.round((level.nominal * lendable) / 100);
    const borrowing = limited?.borrowingLimitPercent;
    level.most =
      borrowing === undefined
        ? Number.POSITIVE_INFINITY
        : level.nominal + Math.round((level.nominal * borrowing) / 100);
  }
}
