import { VirtualClock } from '@kubewright/client';
import type { Manager } from '@kubewright/controllers';
import { seededRandom } from '../random.js';
import { startTestServer } from '../test-server.js';
import {
  type Deviation,
  describeDeviation,
  randomDeviations,
  singleDeviations,
  spread,
} from './deviation.js';
import type { Scenario } from './scenario.js';
import { shrink } from './shrink.js';
import { type SimulatedRun, Simulation } from './simulation.js';

export interface ExploreOptions {
  /** Of the chance in names, back-off and mixed plans. @default 1 */
  readonly seed?: number;
  /** Runs with several deviations by chance, after those with one each. @default 100 */
  readonly randomRuns?: number;
  /** Runs with one deviation each, spread evenly over all writes and all that may happen at one. @default 600 */
  readonly singleRuns?: number;
  /** Virtual time without steps after which all counts as being at rest. @default 120_000 */
  readonly restMs?: number;
  /** A run with more requests and events than this never comes to rest, which is a fault. @default 3000 */
  readonly mostActions?: number;
  /** Only this plan, as a failure printed it. */
  readonly replay?: { readonly seed: number; readonly plan: readonly Deviation[] };
}

export interface Exploration {
  readonly runs: number;
  /** Of the plain run, in which nothing breaks. */
  readonly writes: number;
  readonly actions: number;
}

/** A run in which something did not hold. The message is the trace, for a person to follow. */
export class BrokenInvariant extends Error {
  /** Which check of the scenario. */
  readonly check: string;
  readonly seed: number;
  /** No part of it can be left out. */
  readonly plan: readonly Deviation[];

  constructor(
    run: { readonly check: string; readonly seed: number; readonly plan: readonly Deviation[] },
    { trace, failure }: SimulatedRun,
  ) {
    const how = run.plan.map((deviation) => `  - ${describeDeviation(deviation)}`);
    super(
      [
        `"${run.check}" does not hold ${how.length === 0 ? 'even when nothing breaks.' : 'when'}`,
        ...how,
        '',
        String(trace),
        '',
        `To see this run again: replay: ${JSON.stringify({ seed: run.seed, plan: run.plan })}`,
      ].join('\n'),
      { cause: failure?.error },
    );
    this.name = 'BrokenInvariant';
    this.check = run.check;
    this.seed = run.seed;
    this.plan = run.plan;
  }
}

/**
 * Looks for the bugs that controllers have when processes crash, answers are lost, caches are old, things happen in
 * another order, and an old leader overlaps with a new one. First everything goes well; then each of these happens
 * alone, at each write; then several by chance. Time is virtual, so that back-off costs nothing. The controller must
 * wait for nothing but the client and the clock of its context (or see {@link Scenario.isBusy}).
 *
 * ```ts
 * await explore((manager) => addWidgetController(manager), {
 *   server: { kinds: [kindRules(Widget)] },
 *   steps: { 'a widget is made': (client) => client.resource(Widget).create(widget) },
 *   finally: { 'it has one Deployment': async (client) => { … } },
 * });
 * ```
 * @throws BrokenInvariant with the shortest plan that was found; what a step throws when nothing breaks
 */
export async function explore(
  add: (manager: Manager) => void,
  scenario: Scenario,
  options: ExploreOptions = {},
): Promise<Exploration> {
  const {
    seed = 1,
    randomRuns = 100,
    singleRuns = 600,
    restMs = 120_000,
    mostActions = 3000,
    replay,
  } = options;
  const startMs = Date.UTC(2026, 0, 1);
  const base = await startTestServer({ ...scenario.server, clock: new VirtualClock(startMs) });
  let runs = 0;
  const simulate = (plan: readonly Deviation[], runSeed: number) => {
    runs += 1;
    return new Simulation({
      ...{ base, startMs, add, scenario, plan, restMs, mostActions },
      seed: runSeed,
    }).run();
  };
  const tryPlan = async (plan: readonly Deviation[], runSeed: number): Promise<SimulatedRun> => {
    const run = await simulate(plan, runSeed);
    if (run.failure === undefined) return run;
    const { check } = run.failure;
    const fails = async (some: readonly Deviation[]) =>
      (await simulate(some, runSeed)).failure?.check === check;
    const shortest = replay === undefined ? await shrink(plan, fails) : plan;
    throw new BrokenInvariant({ check, seed: runSeed, plan: shortest }, await simulate(shortest, runSeed));
  };
  try {
    await scenario.prepare?.(base.client);
    if (replay !== undefined) await tryPlan(replay.plan, replay.seed);
    const plain = await tryPlan([], seed);
    if (plain.stepFault !== undefined) throw plain.stepFault;
    const { shape } = plain;
    for (const deviation of spread(singleDeviations(shape), singleRuns)) await tryPlan([deviation], seed);
    const random = seededRandom(seed);
    for (let run = 1; run <= randomRuns; run++) await tryPlan(randomDeviations(shape, random), seed + run);
    return { runs, writes: shape.writes, actions: shape.actions };
  } finally {
    await base.close();
  }
}
