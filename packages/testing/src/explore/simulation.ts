import {
  type Client,
  inProcessTransport,
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
  VirtualClock,
} from '@kubewright/client';
import type { Manager } from '@kubewright/controllers';
import { seededRandom } from '../random.js';
import { describeRequest, requestName } from '../request-name.js';
import { named, statusResponse, whole } from '../simulated-answer.js';
import type { TestServer } from '../test-server.js';
import { ControllerProcess } from './controller-process.js';
import type { CrashRestart, Deviation, RunShape } from './deviation.js';
import { HeldWatch } from './held-watch.js';
import type { Scenario } from './scenario.js';
import { Trace } from './trace.js';

export interface SimulationOptions {
  /** What the scenario prepared; the run has a fork of it. */
  readonly base: TestServer;
  readonly startMs: number;
  readonly add: (manager: Manager) => void;
  readonly scenario: Scenario;
  readonly plan: readonly Deviation[];
  readonly seed: number;
  /** Time without steps after which all counts as being at rest. */
  readonly restMs: number;
  /** A run with more actions never comes to rest. */
  readonly mostActions: number;
}

export interface SimulatedRun {
  readonly shape: RunShape;
  readonly trace: Trace;
  readonly failure: { readonly check: string; readonly error: unknown } | undefined;
  /** What a step of the scenario threw. */
  readonly stepFault: unknown;
}

interface HeldRequest {
  readonly order: number;
  readonly process: ControllerProcess;
  readonly request: TransportRequest;
  readonly resolve: (response: TransportResponse) => void;
  readonly reject: (error: unknown) => void;
}

/** The user does the next step when the controller has had nothing to do for so long. */
const pauseMs = 1000;
/** How often a timer may wake the controller while one of its caches is stale. */
const staleTimers = 3;
/** Turns of the event loop without anything new, after which nothing more comes by itself. */
const quietTurns = 3;
/** How often a leader writes that does not know of the new one, from the moment on when both lead. */
const overlappingWrites = 4;
/** Advice and leadership: not what a controller's correctness hangs on, so no point to crash at. */
const uncounted = new Set(['events', 'leases']);

/**
 * One run of a controller against a server of its own, in which everything that could happen next waits until it is
 * chosen: requests, events on their way to caches, steps of the scenario, timers. The same plan and seed give the same
 * run.
 */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #clock: VirtualClock;
  readonly #random: () => number;
  readonly #trace: Trace;
  readonly #steps: [name: string, step: (client: Client) => Promise<unknown>][];
  readonly #watched = new Set<string>();
  readonly #processes: ControllerProcess[] = [];
  #requests: HeldRequest[] = [];
  #server!: TestServer;
  #transport!: Transport;
  #stalled: HeldRequest | undefined;
  /** A leader that is one no more, and works on. */
  #old: { readonly process: ControllerProcess; writes: number } | undefined;
  #stale: { readonly plural: string; timers: number } | undefined;
  #isStepDue = false;
  /** Nothing of the controller runs: it starts after the next step. */
  #isDown = false;
  #activity = 0;
  #inFlight = 0;
  /** Numbers what waits. */
  #order = 0;
  #actions = 0;
  #writes = 0;
  #quietSince: number;
  #failure: SimulatedRun['failure'];
  #stepFault: unknown;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#clock = new VirtualClock(options.startMs);
    this.#quietSince = options.startMs;
    this.#random = seededRandom(options.seed);
    this.#trace = new Trace(options.startMs);
    this.#steps = Object.entries(options.scenario.steps ?? {});
  }

  async run(): Promise<SimulatedRun> {
    const { base, scenario, plan } = this.#options;
    this.#server = await base.fork({ clock: this.#clock });
    this.#transport = inProcessTransport(
      this.#server.server.inProcess({ name: 'controller', groups: ['system:masters'] }),
    );
    try {
      if (scenario.beside !== undefined)
        this.#start('beside', scenario.beside, (_, call) => this.#direct(call));
      this.#startController();
      await this.#settle();
      for (const each of plan)
        if (each.type === 'crash' && each.afterWrite === 0) await this.#crash(each.restart);
      while (this.#failure === undefined && (await this.#next()));
      if (this.#failure === undefined) await this.#check(scenario.finally);
      return {
        shape: {
          writes: this.#writes,
          actions: this.#actions,
          watched: [...this.#watched],
          steps: Object.keys(scenario.steps ?? {}).length,
        },
        trace: this.#trace,
        failure: this.#failure,
        stepFault: this.#stepFault,
      };
    } finally {
      for (const process of this.#processes) process.crash();
      await this.#server.close();
    }
  }

  /** Lets one thing happen. False when nothing is left. */
  async #next(): Promise<boolean> {
    const { mostActions, restMs } = this.#options;
    const ready = this.#ready();
    const untilTimer = this.#clock.untilNext() ?? Number.POSITIVE_INFINITY;
    if (ready.length > 0) {
      this.#actions += 1;
      if (this.#actions > mostActions) {
        this.#fail('it comes to rest', new Error(`after ${mostActions} actions there is still more to do`));
        return false;
      }
      const reorder = this.#options.plan.find(
        (each) => each.type === 'reorder' && each.atAction === this.#actions,
      );
      await ready[(reorder?.type === 'reorder' ? reorder.pick : 0) % ready.length]?.();
    } else if (untilTimer <= pauseMs && (this.#stale === undefined || this.#stale.timers-- > 0)) {
      await this.#clock.advance(untilTimer);
    } else if (this.#stalled !== undefined) await this.#resumeStalled(this.#stalled);
    else if (this.#steps.length > 0) await this.#step();
    else if (this.#stale !== undefined) {
      this.#note('watch', `the cache of ${this.#stale.plural} hears again what it missed`);
      this.#stale = undefined;
    } else if (this.#clock.now() + untilTimer <= this.#quietSince + restMs)
      await this.#clock.advance(untilTimer);
    else return false;
    await this.#settle();
    return true;
  }

  /** What could happen now, the oldest first. */
  #ready(): (() => Promise<void>)[] {
    if (this.#isStepDue && this.#steps.length > 0) return [() => this.#step()];
    const requests = this.#requests
      .filter(({ process }) => !process.isStalled)
      .map((held) => ({ order: held.order, act: () => this.#perform(held) }));
    const events = this.#processes
      .filter((process) => process.isAlive && !process.isStalled)
      .flatMap((process) => [...process.watches].map((watch) => ({ process, watch, next: watch.next })))
      .filter(({ watch }) => watch.plural !== this.#stale?.plural)
      .flatMap(({ process, watch, next }) => {
        if (next === undefined) return [];
        const act = async () => {
          this.#note(process.name, `sees ${next.text}`);
          watch.deliver();
        };
        return [{ order: next.order, act }];
      });
    return [...requests, ...events].sort((a, b) => a.order - b.order).map(({ act }) => act);
  }

  #startController(): void {
    const count = this.#processes.filter(({ name }) => name !== 'beside').length + 1;
    this.#start(`controller ${count}`, this.#options.add, (process, call) => this.#hold(process, call));
    if (count > 1) this.#note(`controller ${count}`, 'starts');
  }

  #start(
    name: string,
    add: (manager: Manager) => void,
    wire: (process: ControllerProcess, call: TransportRequest) => Promise<TransportResponse>,
  ): void {
    const process = new ControllerProcess({
      name,
      clock: this.#clock,
      random: this.#random,
      add,
      wire: (from, call) => {
        this.#activity += 1;
        return wire(from, call);
      },
      onFault: (error) => this.#fail('it keeps running', error),
    });
    this.#processes.push(process);
    process.start();
  }

  /** A request that waits for its turn; a watch opens at once, and what it brings waits. */
  #hold(process: ControllerProcess, request: TransportRequest): Promise<TransportResponse> {
    if (request.query?.has('watch')) return this.#watch(process, request);
    return new Promise((resolve, reject) => {
      const held: HeldRequest = { order: this.#order++, process, request, resolve, reject };
      this.#requests.push(held);
      request.signal?.addEventListener('abort', () => {
        if (!this.#requests.includes(held)) return;
        this.#requests = this.#requests.filter((each) => each !== held);
        reject(request.signal?.reason);
      });
    });
  }

  async #watch(process: ControllerProcess, request: TransportRequest): Promise<TransportResponse> {
    const over = new AbortController();
    const signal = AbortSignal.any([
      process.gone,
      over.signal,
      ...(request.signal == null ? [] : [request.signal]),
    ]);
    const response = await this.#transport.request({ ...request, signal });
    if (response.status !== 200) return response;
    const { plural } = requestName(request);
    const watch = new HeldWatch(plural, {
      listsFirst: request.query?.has('sendInitialEvents') === true,
      nextOrder: () => this.#order++,
    });
    this.#watched.add(plural);
    process.watches.add(watch);
    const pumping = watch.pump(response, () => {
      this.#activity += 1;
    });
    pumping.finally(() => process.watches.delete(watch));
    return { ...response, body: finishing(watch.body(), () => over.abort(new Error('the watch is over'))) };
  }

  /** At once, as for those that are not explored. */
  async #direct(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.#transport.request(request);
    if (request.query?.has('watch')) return { ...response, body: this.#counted(response.body) };
    return this.#whole(response);
  }

  async *#counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of body) {
      this.#activity += 1;
      yield chunk;
    }
  }

  async #whole(response: TransportResponse): Promise<TransportResponse> {
    this.#inFlight += 1;
    try {
      return await whole(response);
    } finally {
      this.#inFlight -= 1;
      this.#activity += 1;
    }
  }

  async #perform(held: HeldRequest): Promise<void> {
    this.#requests = this.#requests.filter((each) => each !== held);
    const { process, request } = held;
    const isWrite = request.method !== 'GET';
    if (!isWrite || uncounted.has(requestName(request).plural)) {
      const response = await this.#send(request);
      if (!isWrite) this.#note(process.name, `reads ${describeRequest(request)}${outcome(response, 200)}`);
      held.resolve(response);
      return;
    }
    if (this.#old?.process === process && this.#old.writes-- === 0) {
      this.#endOldLeader(process);
      return;
    }
    this.#writes += 1;
    const write = this.#writes;
    const here = this.#options.plan.filter((each) => 'atWrite' in each && each.atWrite === write);
    const overlap = here.find((each) => each.type === 'overlap');
    if (overlap?.type === 'overlap' && this.#stalled === undefined && this.#old === undefined) {
      if (overlap.oldLeader === 'wakes late') {
        this.#note(
          process.name,
          `stalls before write ${write}: ${request.method} ${describeRequest(request)}`,
        );
        process.isStalled = true;
        this.#stalled = held;
        this.#startController();
        return;
      }
      this.#old = { process, writes: overlappingWrites - 1 };
      this.#startController();
      this.#note(process.name, 'does not know that another leads now, and works on');
    }
    const refused = here.find((each) => each.type === 'refused');
    if (refused?.type === 'refused') {
      this.#note(
        process.name,
        `write ${write}: ${request.method} ${describeRequest(request)} is refused with ${refused.code}`,
      );
      held.resolve(statusResponse(refused.code));
      return;
    }
    const response = await this.#write(held, `write ${write}`);
    const after = this.#options.plan.filter((each) => 'afterWrite' in each && each.afterWrite === write);
    const crash = after.find((each) => each.type === 'crash');
    if (crash?.type === 'crash' && process.isAlive) {
      await this.#crash(crash.restart);
      return;
    }
    if (here.some(({ type }) => type === 'lost answer')) {
      this.#note(process.name, 'gets no answer: the connection breaks');
      held.reject(new TransportError('the connection was reset', { unsent: false }));
    } else held.resolve(response);
    for (const each of after) {
      if (each.type === 'stale') {
        this.#stale = { plural: each.plural, timers: staleTimers };
        this.#note('watch', `the cache of ${each.plural} hears nothing from here on`);
      } else if (each.type === 'early step') this.#isStepDue = true;
      else if (each.type === 'relist') this.#relist();
    }
  }

  /** Sends a write, and looks whether all that always holds still does. */
  async #write({ process, request }: HeldRequest, label: string): Promise<TransportResponse> {
    const response = await this.#send(named(request, this.#random));
    this.#note(process.name, `${label}: ${request.method} ${describeRequest(request)}${outcome(response)}`);
    await this.#check(this.#options.scenario.always);
    return response;
  }

  async #send(request: TransportRequest): Promise<TransportResponse> {
    // Without the sender's signal: what is sent arrives, whatever becomes of the sender.
    const { signal: _, ...rest } = request;
    return this.#whole(await this.#transport.request(rest));
  }

  /** All that the old leader had in hand arrives; then its process finds its lease over, and ends. */
  async #resumeStalled(held: HeldRequest): Promise<void> {
    this.#stalled = undefined;
    const inHand = this.#requests.filter(
      ({ process, request }) => process === held.process && request.method !== 'GET',
    );
    for (const late of [held, ...inHand]) await this.#write(late, 'wakes up, and its write arrives late');
    this.#endOldLeader(held.process);
  }

  #endOldLeader(process: ControllerProcess): void {
    this.#end(process);
    this.#note(process.name, 'finds that it leads no more, and ends');
  }

  async #crash(restart: CrashRestart): Promise<void> {
    for (const process of this.#processes)
      if (process.isAlive && process.name !== 'beside' && !process.isStalled) {
        this.#note(process.name, 'CRASHES');
        this.#end(process);
      }
    if (restart === 'after the next step' && this.#steps.length > 0) {
      this.#isDown = true;
      this.#isStepDue = true;
      return;
    }
    this.#startController();
    await this.#settle();
  }

  #end(process: ControllerProcess): void {
    process.crash();
    this.#requests = this.#requests.filter((each) => each.process !== process);
  }

  #relist(): void {
    this.#note('watch', 'all watches break off, and their revision is gone');
    for (const process of this.#processes) {
      if (process.name === 'beside') continue;
      for (const watch of process.watches) watch.expire();
    }
  }

  async #step(): Promise<void> {
    this.#isStepDue = false;
    const [name, step] = this.#steps.shift() ?? [];
    if (name === undefined || step === undefined) return;
    this.#note('user', name);
    this.#quietSince = this.#clock.now();
    try {
      await step(this.#server.client);
    } catch (error) {
      // A plan may make a step impossible (what it changes is not there yet): then the user has bad luck.
      this.#stepFault ??= error;
      this.#note('user', `  is refused: ${messageOf(error)}`);
    }
    if (!this.#isDown) return;
    this.#isDown = false;
    await this.#settle();
    this.#startController();
  }

  async #check(checks: Scenario['always']): Promise<void> {
    for (const [name, check] of Object.entries(checks ?? {})) {
      try {
        await check(this.#server.client);
      } catch (error) {
        this.#fail(name, error);
        return;
      }
    }
  }

  #fail(check: string, error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { check, error };
    this.#note('BROKEN', `${check}: ${messageOf(error)}`);
  }

  #note(who: string, what: string): void {
    this.#trace.add(this.#clock.now(), who, what);
  }

  /** Waits until nothing more happens by itself. */
  async #settle(): Promise<void> {
    const { isBusy } = this.#options.scenario;
    for (let quiet = 0; quiet < quietTurns; ) {
      const before = this.#activity;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.#activity === before && this.#inFlight === 0 && !isBusy?.() ? quiet + 1 : 0;
    }
  }
}

async function* finishing(
  body: AsyncIterable<Uint8Array>,
  finish: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } finally {
    finish();
  }
}

function outcome({ status }: TransportResponse, usual?: number): string {
  return status === usual ? '' : ` → ${status}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
