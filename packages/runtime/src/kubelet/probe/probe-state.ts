import type { Probe } from '@kubewright/api/core/v1';

export type ProbeKind = 'liveness' | 'readiness' | 'startup';

/** How one probe of one container stands. */
export interface ProbeState {
  /** What has been concluded; changes only when a threshold is reached. */
  readonly verdict: 'success' | 'failure' | 'unknown';
  /** What the last checks found, and how many in a row. */
  readonly lastOk: boolean | undefined;
  readonly run: number;
}

/** Before the first check: alive, not ready, not known to have started. */
export function initialProbeState(kind: ProbeKind): ProbeState {
  const verdict = kind === 'liveness' ? 'success' : kind === 'readiness' ? 'failure' : 'unknown';
  return { verdict, lastOk: undefined, run: 0 };
}

/** Takes in the result of a check. Source: "Configure Liveness, Readiness and Startup Probes", thresholds. */
export function afterCheck(
  state: ProbeState,
  ok: boolean,
  probe: Pick<Probe, 'successThreshold' | 'failureThreshold'>,
): ProbeState {
  const run = state.lastOk === ok ? state.run + 1 : 1;
  const threshold = ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  return { verdict: run >= threshold ? (ok ? 'success' : 'failure') : state.verdict, lastOk: ok, run };
}
