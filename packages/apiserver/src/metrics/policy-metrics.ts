import { ByLabels, Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const bounds = [0.0000005, 0.001, 0.01, 0.1, 1];

/** A policy through a binding. */
export interface CheckedPolicy {
  readonly policy: string;
  readonly binding: string;
  /** Why it refused or failed; undefined where all went well. */
  readonly message?: string | undefined;
}

/** What became of admission policies, and how long they took. */
export class PolicyMetrics {
  readonly #validating = new ByLabels(() => new Distribution(bounds));
  readonly #mutating = new ByLabels(() => new Distribution(bounds));

  /** Counts what a denial led to. */
  validated(checked: CheckedPolicy, action: 'deny' | 'audit' | 'warn', ms: number): void {
    this.#validating.at({ ...labelsOf(checked), enforcement_action: action }).observe(ms / 1000);
  }

  mutated(checked: CheckedPolicy, ms: number): void {
    this.#mutating.at(labelsOf(checked)).observe(ms / 1000);
  }

  metrics(): ExposedMetric[] {
    return [
      ...checks('apiserver_validating_admission_policy', 'BETA', this.#validating),
      ...checks('apiserver_mutating_admission_policy', 'ALPHA', this.#mutating),
    ];
  }
}

function checks(
  prefix: string,
  stability: 'ALPHA' | 'BETA',
  series: ByLabels<Distribution>,
): ExposedMetric[] {
  const [total, duration] = [`${prefix}_check_total`, `${prefix}_check_duration_seconds`];
  return [
    exposed(total, 'counter', `[${stability}] Checks by admission policies, by what came of them.`, () =>
      series.flatMap((labels, { count }) => [{ labels, value: count }]),
    ),
    exposed(duration, 'histogram', `[${stability}] Time that a check by an admission policy takes.`, () =>
      series.flatMap((labels, seconds) => seconds.values(duration, labels)),
    ),
  ];
}

function labelsOf({ policy, binding, message }: CheckedPolicy) {
  return { error_type: errorType(message), policy, policy_binding: binding };
}

/** Source: `ErrorType` of apiserver's policy plugins. */
function errorType(message: string | undefined): string {
  if (message === undefined) return 'no_error';
  if (message.startsWith('compilation')) return 'compile_error';
  return message.startsWith('validation failed due to running out of cost budget')
    ? 'out_of_budget'
    : 'invalid_error';
}
