import type { KubernetesObject } from '@kubewright/api';
import type { AdmissionMetrics, AdmissionTimer } from '../metrics/admission-metrics.js';
import type { Resource } from '../registry/resource.js';
import type { AdmissionPlugin } from './admission-plugin.js';
import type { AdmissionOperation, AdmissionRequest } from './admission-request.js';

type Verdict = void | Promise<void>;

interface Step {
  readonly run: (request: AdmissionRequest) => Verdict;
  readonly timer: AdmissionTimer;
}

/** The plugins that have a say in one kind of requests, and what takes how long they take together. */
interface Round {
  readonly steps: readonly Step[];
  readonly timer: AdmissionTimer;
}

interface Rounds {
  readonly admit: Round;
  readonly validate: Round;
}

/**
 * All plugins of a server in their order. Who handles what is found out once for each operation, resource and
 * subresource; a round waits only where a plugin does.
 */
export class AdmissionChain {
  readonly plugins: readonly AdmissionPlugin[];
  readonly #metrics: AdmissionMetrics;
  readonly #steps = new WeakMap<Resource, Map<string, Rounds>>();

  constructor(plugins: readonly AdmissionPlugin[], metrics: AdmissionMetrics) {
    this.plugins = plugins;
    this.#metrics = metrics;
  }

  /** Whether any plugin would be called: who would have to make an object for them asks first. */
  concerns(target: {
    readonly operation: AdmissionOperation;
    readonly resource: Resource;
    readonly subresource: string;
  }): boolean {
    const { admit, validate } = this.#roundsFor(target);
    return admit.steps.length > 0 || validate.steps.length > 0;
  }

  /** Lets the plugins change the object, a second time where one asks for it. @throws ApiError of a refusal */
  admit<T extends KubernetesObject>(of: AdmissionRequest<T>): Verdict {
    const request = of as unknown as AdmissionRequest;
    if (request.context.admitted) return undefined;
    const { admit } = this.#roundsFor(request);
    const first = run(admit, request);
    if (first !== undefined)
      return first.then(() => (request.beginSecondRound() ? run(admit, request) : undefined));
    return request.beginSecondRound() ? run(admit, request) : undefined;
  }

  /** Asks the plugins whether the object, complete and valid, may be stored. @throws ApiError of a refusal */
  validate<T extends KubernetesObject>(of: AdmissionRequest<T>): Verdict {
    const request = of as unknown as AdmissionRequest;
    if (request.context.admitted) return undefined;
    return run(this.#roundsFor(request).validate, request);
  }

  #roundsFor({
    operation,
    resource,
    subresource,
  }: {
    readonly operation: AdmissionOperation;
    readonly resource: Resource;
    readonly subresource: string;
  }): Rounds {
    let known = this.#steps.get(resource);
    if (known === undefined) {
      known = new Map();
      this.#steps.set(resource, known);
    }
    const key = subresource === '' ? operation : `${operation}/${subresource}`;
    let rounds = known.get(key);
    if (rounds === undefined) {
      rounds = this.#find({ operation, resource, subresource });
      known.set(key, rounds);
    }
    return rounds;
  }

  #find(target: Parameters<AdmissionChain['concerns']>[0]): Rounds {
    const { operation, resource } = target;
    const all = [...this.plugins, ...(resource.rules.admission ?? [])];
    const handling = all.filter((plugin) => plugin.handles?.(target) ?? true);
    const roundOf = (type: 'admit' | 'validate'): Round => ({
      steps: handling.flatMap((plugin): Step[] => {
        if (plugin[type] === undefined) return [];
        const timer = this.#metrics.timer({ name: plugin.name, operation, type });
        return [{ run: (request) => plugin[type]?.(request), timer }];
      }),
      timer: this.#metrics.stepTimer({ operation, type }),
    });
    return { admit: roundOf('admit'), validate: roundOf('validate') };
  }
}

/** Calls the steps one after the other, without a wait as long as none is to be waited for. */
function run(round: Round, request: AdmissionRequest): Verdict {
  if (round.steps.length === 0) return undefined;
  const began = performance.now();
  return runFrom({ round, request, began }, 0, began);
}

/** A round on its way. */
interface Running {
  readonly round: Round;
  readonly request: AdmissionRequest;
  readonly began: number;
}

function runFrom(running: Running, from: number, now: number): Verdict {
  const { round, request, began } = running;
  let start = now;
  for (let at = from; at < round.steps.length; at++) {
    const { run: call, timer } = round.steps[at] as Step;
    let verdict: Verdict;
    try {
      verdict = call(request);
    } catch (error) {
      rejected(running, timer, start);
      throw error;
    }
    if (verdict !== undefined) return waitFor(verdict, running, { at, start });
    const end = performance.now();
    timer.passed(end - start);
    start = end;
  }
  round.timer.passed(start - began);
  return undefined;
}

async function waitFor(
  verdict: Promise<void>,
  running: Running,
  { at, start }: { readonly at: number; readonly start: number },
): Promise<void> {
  const { timer } = running.round.steps[at] as Step;
  try {
    await verdict;
  } catch (error) {
    rejected(running, timer, start);
    throw error;
  }
  const end = performance.now();
  timer.passed(end - start);
  await runFrom(running, at + 1, end);
}

function rejected({ round, began }: Running, timer: AdmissionTimer, start: number): void {
  const end = performance.now();
  timer.rejected(end - start);
  round.timer.rejected(end - began);
}
