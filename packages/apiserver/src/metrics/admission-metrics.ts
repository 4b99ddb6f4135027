import { ByLabels, countersByLabels, counts, Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const webhookBounds = [...bounds, 10, 25];

/** Takes how long one plugin took, in milliseconds. */
export interface AdmissionTimer {
  passed(ms: number): void;
  rejected(ms: number): void;
}

/** Takes what one call of a webhook came to, and after how many milliseconds. */
export interface WebhookTimer {
  allowed(ms: number): void;
  refused(ms: number, code: number): void;
  failed(ms: number, outcome: { readonly code: number; readonly isIgnored: boolean }): void;
}

/** Takes what became of the match conditions of one webhook or policy. */
export interface MatchConditionLabels {
  readonly name: string;
  readonly kind: 'webhook' | 'policy';
  readonly operation: string;
  readonly type: 'admit' | 'validate';
}

const conditionBounds = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];

/** How long admission plugins and webhooks take, and what webhooks refuse. */
export class AdmissionMetrics {
  readonly #steps = new ByLabels(() => new Distribution(bounds));
  readonly #plugins = new ByLabels(() => new Distribution(bounds));
  readonly #webhooks = new ByLabels(() => new Distribution(webhookBounds));
  readonly #requests = countersByLabels();
  readonly #rejections = countersByLabels();
  readonly #failedOpen = countersByLabels();
  readonly #conditions = new ByLabels(() => new Distribution(conditionBounds));
  readonly #conditionErrors = countersByLabels();
  readonly #exclusions = countersByLabels();

  /** Of a plugin's `admit` or `validate` for one operation. */
  timer(labels: {
    readonly name: string;
    readonly operation: string;
    readonly type: 'admit' | 'validate';
  }): AdmissionTimer {
    const { name, operation, type } = labels;
    return timerOf((rejected) => this.#plugins.at({ name, operation, rejected, type }));
  }

  /** Of all plugins together. */
  stepTimer(labels: { readonly operation: string; readonly type: 'admit' | 'validate' }): AdmissionTimer {
    const { operation, type } = labels;
    return timerOf((rejected) => this.#steps.at({ operation, rejected, type }));
  }

  webhook(labels: {
    readonly name: string;
    readonly operation: string;
    readonly type: 'admit' | 'validating';
  }): WebhookTimer {
    const { name, operation, type } = labels;
    const observe = (ms: number, code: number, isRejected: boolean) => {
      const rejected = String(isRejected);
      this.#webhooks.at({ name, operation, rejected, type }).observe(ms / 1000);
      this.#requests.at({ code: String(Math.min(code, 600)), name, operation, rejected, type }).value++;
    };
    const reject = (error: string, code: number) => {
      const labels = {
        error_type: error,
        name,
        operation,
        rejection_code: String(Math.min(code, 600)),
        type,
      };
      this.#rejections.at(labels).value++;
    };
    return {
      allowed: (ms) => observe(ms, 200, false),
      refused: (ms, code) => {
        observe(ms, code, true);
        reject('no_error', code);
      },
      failed: (ms, { code, isIgnored }) => {
        observe(ms, code, !isIgnored);
        if (isIgnored) this.#failedOpen.at({ name, type }).value++;
        else reject('calling_webhook_error', code);
      },
    };
  }

  /** Counts an evaluation of match conditions, in milliseconds. */
  matchConditions(
    { name, kind, operation, type }: MatchConditionLabels,
    ms: number,
    { matches, failed }: { readonly matches: boolean; readonly failed: boolean },
  ): void {
    const labels = { kind, name, operation, type };
    this.#conditions.at(labels).observe(ms / 1000);
    if (failed) this.#conditionErrors.at(labels).value++;
    else if (!matches) this.#exclusions.at(labels).value++;
  }

  metrics(): ExposedMetric[] {
    const conditions = 'apiserver_admission_match_condition_evaluation_seconds';
    const plugins = 'apiserver_admission_controller_admission_duration_seconds';
    const webhooks = 'apiserver_admission_webhook_admission_duration_seconds';
    const steps = 'apiserver_admission_step_admission_duration_seconds';
    return [
      exposed(steps, 'histogram', '[STABLE] Time that all admission plugins take together.', () =>
        this.#steps.flatMap((labels, seconds) => seconds.values(steps, labels)),
      ),
      exposed(plugins, 'histogram', '[STABLE] Time that an admission plugin takes.', () =>
        this.#plugins.flatMap((labels, seconds) => seconds.values(plugins, labels)),
      ),
      exposed(webhooks, 'histogram', '[STABLE] Time that an admission webhook takes.', () =>
        this.#webhooks.flatMap((labels, seconds) => seconds.values(webhooks, labels)),
      ),
      counts(
        'apiserver_admission_webhook_request_total',
        '[ALPHA] Calls of admission webhooks.',
        this.#requests,
      ),
      counts(
        'apiserver_admission_webhook_rejection_count',
        '[ALPHA] Refusals by admission webhooks.',
        this.#rejections,
      ),
      counts(
        'apiserver_admission_webhook_fail_open_count',
        '[ALPHA] Failures of admission webhooks that were passed over.',
        this.#failedOpen,
      ),
      exposed(conditions, 'histogram', '[ALPHA] Time that match conditions take.', () =>
        this.#conditions.flatMap((labels, seconds) => seconds.values(conditions, labels)),
      ),
      counts(
        'apiserver_admission_match_condition_evaluation_errors_total',
        '[ALPHA] Match conditions that could not be evaluated.',
        this.#conditionErrors,
      ),
      counts(
        'apiserver_admission_match_condition_exclusions_total',
        '[ALPHA] Requests that match conditions kept from a webhook or a policy.',
        this.#exclusions,
      ),
    ];
  }
}

/** The series of those that pass is kept, that of those that do not is made where there is one. */
function timerOf(seriesOf: (rejected: 'true' | 'false') => Distribution): AdmissionTimer {
  const passed = seriesOf('false');
  return {
    passed: (ms) => passed.observe(ms / 1000),
    rejected: (ms) => seriesOf('true').observe(ms / 1000),
  };
}
