import {
  Client,
  type Clock,
  type Transport,
  type TransportRequest,
  type TransportResponse,
  type VirtualClock,
} from '@kubewright/client';
import { Manager } from '@kubewright/controllers';
import { pino } from 'pino';
import type { HeldWatch } from './held-watch.js';

/** How a process reaches the server. */
export type Wire = (process: ControllerProcess, request: TransportRequest) => Promise<TransportResponse>;

export interface ControllerProcessOptions {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly wire: Wire;
  readonly add: (manager: Manager) => void;
  /** Told when the manager ends by itself. */
  readonly onFault: (error: unknown) => void;
}

const logger = pino({ level: 'silent' });

/**
 * One life of a controller, with caches, queues and timers of its own. A crash is that nothing of it ever goes on:
 * what it waits for never comes, so that no `finally` of it runs either.
 */
export class ControllerProcess {
  readonly name: string;
  readonly watches = new Set<HeldWatch>();
  readonly #options: ControllerProcessOptions;
  readonly #timers = new Set<() => void>();
  readonly #gone = new AbortController();
  /** Stopped between two instructions, for as long as a scheduler or a collector of garbage likes. */
  isStalled = false;

  constructor(options: ControllerProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isAlive(): boolean {
    return !this.#gone.signal.aborted;
  }

  /** Aborts with the process, for what the server does on its behalf. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  start(): void {
    const { random, add, onFault } = this.#options;
    const client = new Client(this.#transport(), { clock: this.#clock(), random, userAgent: 'controller' });
    // Never aborted: a process that is explored doesn't end in order, it crashes.
    const manager = new Manager(client, { signal: new AbortController().signal, logger });
    add(manager);
    manager.start().catch((error: unknown) => {
      if (this.isAlive) onFault(error);
    });
  }

  crash(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    for (const watch of this.watches) watch.abandon();
    this.#gone.abort(new Error(`${this.name} has crashed`));
    this.watches.clear();
  }

  #transport(): Transport {
    const { wire } = this.#options;
    return {
      request: (request) => (this.isAlive ? wire(this, request) : new Promise(() => undefined)),
      connect: () => Promise.reject(new Error('an explored controller has no upgraded connections')),
      close: async () => undefined,
    };
  }

  #clock(): Clock {
    const { clock } = this.#options;
    return {
      now: () => clock.now(),
      schedule: (delayMs, callback) => {
        if (!this.isAlive) return () => undefined;
        const cancel = clock.schedule(delayMs, () => {
          this.#timers.delete(stop);
          callback();
        });
        const stop = () => {
          this.#timers.delete(stop);
          cancel();
        };
        this.#timers.add(stop);
        return stop;
      },
    };
  }
}
