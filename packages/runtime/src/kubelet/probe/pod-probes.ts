import type { Container, Pod, Probe } from '@kubewright/api/core/v1';
import { type Clock, sleep } from '@kubewright/client';
import type { ProbeVerdicts } from '../pod/plan.js';
import type { CheckResult } from './http-check.js';
import { afterCheck, initialProbeState, type ProbeKind, type ProbeState } from './probe-state.js';
import type { ProbeTarget } from './run-probe.js';

export interface PodProbesOptions {
  readonly clock: Clock;
  readonly check: (
    probe: Probe,
    target: ProbeTarget & { readonly signal: AbortSignal },
  ) => Promise<CheckResult>;
  /** A verdict has changed. */
  readonly onChange: () => void;
  readonly onFailure: (container: Container, kind: ProbeKind, output: string) => void;
}

interface RunningContainer extends ProbeTarget {
  readonly startedAt: Date;
}

interface Probed {
  readonly states: Map<ProbeKind, ProbeState>;
  readonly stop: AbortController;
  startedWaiters: (() => void)[];
}

const probesOf = (container: Container): [ProbeKind, Probe][] =>
  (
    [
      ['startup', container.startupProbe],
      ['liveness', container.livenessProbe],
      ['readiness', container.readinessProbe],
    ] as const
  ).filter((entry): entry is [ProbeKind, Probe] => entry[1] !== undefined);

/** The probes of one pod's running containers. */
export class PodProbes implements ProbeVerdicts {
  readonly #options: PodProbesOptions;
  readonly #containers = new Map<string, Probed>();

  constructor(options: PodProbesOptions) {
    this.#options = options;
  }

  /** Probes these containers and no others. */
  follow(running: readonly RunningContainer[]): void {
    const ids = new Set(running.map(({ containerId }) => containerId));
    for (const [id, probed] of this.#containers) if (!ids.has(id)) this.#stop(id, probed);
    for (const target of running) if (!this.#containers.has(target.containerId)) this.#begin(target);
  }

  failed(containerId: string): 'liveness' | 'startup' | undefined {
    const states = this.#containers.get(containerId)?.states;
    if (states?.get('startup')?.verdict === 'failure') return 'startup';
    if (states?.get('liveness')?.verdict === 'failure') return 'liveness';
    return undefined;
  }

  started(containerId: string): boolean {
    const probed = this.#containers.get(containerId);
    return probed !== undefined && (probed.states.get('startup')?.verdict ?? 'success') === 'success';
  }

  ready(containerId: string): boolean {
    const probed = this.#containers.get(containerId);
    return (
      probed !== undefined &&
      this.started(containerId) &&
      (probed.states.get('readiness')?.verdict ?? 'success') === 'success'
    );
  }

  /** Liveness and startup probes end, since what is being stopped must not be restarted; readiness goes on. */
  close(): void {
    for (const [id, probed] of this.#containers) this.#stop(id, probed);
  }

  #stop(id: string, probed: Probed): void {
    probed.stop.abort();
    this.#containers.delete(id);
  }

  #begin(target: RunningContainer): void {
    const probes = probesOf(target.container);
    const probed: Probed = {
      states: new Map(probes.map(([kind]) => [kind, initialProbeState(kind)])),
      stop: new AbortController(),
      startedWaiters: [],
    };
    this.#containers.set(target.containerId, probed);
    for (const [kind, probe] of probes) void this.#loop(target, probed, { kind, probe });
  }

  /** One probe of one container, until it is stopped. Never rejects. */
  async #loop(
    target: RunningContainer,
    probed: Probed,
    { kind, probe }: { readonly kind: ProbeKind; readonly probe: Probe },
  ): Promise<void> {
    const { signal } = probed.stop;
    const { clock } = this.#options;
    try {
      const initialMs = (probe.initialDelaySeconds ?? 0) * 1000;
      await sleep(clock, Math.max(0, target.startedAt.getTime() + initialMs - clock.now()), signal);
      if (kind !== 'startup') await this.#whenStarted(target.containerId, probed);
      while (!signal.aborted) {
        const { ok, output } = await this.#options.check(probe, { ...target, signal });
        if (signal.aborted) return;
        const before = probed.states.get(kind)!;
        const after = afterCheck(before, ok, probe);
        probed.states.set(kind, after);
        if (!ok) this.#options.onFailure(target.container, kind, output);
        if (after.verdict !== before.verdict) {
          if (kind === 'startup' && after.verdict === 'success')
            for (const resolve of probed.startedWaiters.splice(0)) resolve();
          this.#options.onChange();
        }
        // A container that has started is not asked again; one that has failed is to be killed.
        if (kind === 'startup' && after.verdict !== 'unknown') return;
        if (kind === 'liveness' && after.verdict === 'failure') return;
        await sleep(clock, (probe.periodSeconds ?? 10) * 1000, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #whenStarted(containerId: string, probed: Probed): Promise<void> {
    if (this.started(containerId)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      probed.startedWaiters.push(resolve);
      probed.stop.signal.addEventListener('abort', () => reject(probed.stop.signal.reason), { once: true });
    });
  }
}

/** The containers of a pod that run, as the probes want them. */
export function probeTargets(
  pod: Pod,
  running: readonly {
    readonly id: string;
    readonly startedAt?: Date;
    readonly createdAt: Date;
    readonly config: { readonly name: string };
  }[],
  podIP: string,
): RunningContainer[] {
  const containers = new Map(
    [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].map((container) => [
      container.name,
      container,
    ]),
  );
  return running.flatMap((status) => {
    const container = containers.get(status.config.name);
    return container === undefined
      ? []
      : [{ containerId: status.id, container, podIP, startedAt: status.startedAt ?? status.createdAt }];
  });
}
