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

/** The plugins that have a say in one kind of requests. */
interface Steps {
  readonly admit: readonly Step[];
  readonly validate: readonly Step[];
}

/**
 * All plugins of a server in their order. Who handles what is found out once for each operation, resource and
 * subresource; a round waits only where a plugin does.
 */
export class AdmissionChain {
  readonly plugins: readonly AdmissionPlugin[];
  readonly #metrics: AdmissionMetrics;
  readonly #steps = new WeakMap<Resource, Map<string, Steps>>();

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
    const { admit, validate } = this.#stepsFor(target);
    return admit.length > 0 || validate.length > 0;
  }

  /** Lets the plugins change the object, a second time where one asks for it. @throws ApiError of a refusal */
  admit<T extends KubernetesObject>(of: AdmissionRequest<T>): Verdict {
    const request = of as unknown as AdmissionRequest;
    if (request.context.admitted) return undefined;
    const { admit } = this.#stepsFor(request);
    const first = run(admit, request, 0);
    if (first !== undefined)
      return first.then(() => (request.beginSecondRound() ? run(admit, request, 0) : undefined));
    return request.beginSecondRound() ? run(admit, request, 0) : undefined;
  }

  /** Asks the plugins whether the object, complete and valid, may be stored. @throws ApiError of a refusal */
  validate<T extends KubernetesObject>(of: AdmissionRequest<T>): Verdict {
    const request = of as unknown as AdmissionRequest;
    if (request.context.admitted) return undefined;
    return run(this.#stepsFor(request).validate, request, 0);
  }

  #stepsFor({
    operation,
    resource,
    subresource,
  }: {
    readonly operation: AdmissionOperation;
    readonly resource: Resource;
    readonly subresource: string;
  }): Steps {
    let known = this.#steps.get(resource);
    if (known === undefined) {
      known = new Map();
      this.#steps.set(resource, known);
    }
    const key = subresource === '' ? operation : `${operation}/${subresource}`;
    let steps = known.get(key);
    if (steps === undefined) {
      steps = this.#find({ operation, resource, subresource });
      known.set(key, steps);
    }
    return steps;
  }

  #find(target: Parameters<AdmissionChain['concerns']>[0]): Steps {
    const { operation, resource } = target;
    const all = [...this.plugins, ...(resource.rules.admission ?? [])];
    const handling = all.filter((plugin) => plugin.handles?.(target) ?? true);
    const stepsOf = (type: 'admit' | 'validate') =>
      handling.flatMap((plugin): Step[] => {
        if (plugin[type] === undefined) return [];
        const timer = this.#metrics.timer({ name: plugin.name, operation, type });
        return [{ run: (request) => plugin[type]?.(request), timer }];
      });
    return { admit: stepsOf('admit'), validate: stepsOf('validate') };
  }
}

/** Calls the steps from one on; goes on without a wait as long as none is to be waited for. */
function run(steps: readonly Step[], request: AdmissionRequest, from: number): Verdict {
  if (from === steps.length) return undefined;
  let start = performance.now();
  for (let at = from; at < steps.length; at++) {
    const { run: call, timer } = steps[at] as Step;
    let verdict: Verdict;
    try {
      verdict = call(request);
    } catch (error) {
      timer.rejected(performance.now() - start);
      throw error;
    }
    if (verdict !== undefined) return waitFor(verdict, { steps, request, at, start });
    const end = performance.now();
    timer.passed(end - start);
    start = end;
  }
  return undefined;
}

async function waitFor(
  verdict: Promise<void>,
  {
    steps,
    request,
    at,
    start,
  }: {
    readonly steps: readonly Step[];
    readonly request: AdmissionRequest;
    readonly at: number;
    readonly start: number;
  },
): Promise<void> {
  const { timer } = steps[at] as Step;
  try {
    await verdict;
  } catch (error) {
    timer.rejected(performance.now() - start);
    throw error;
  }
  timer.passed(performance.now() - start);
  await run(steps, request, at + 1);
}
