import { ByLabels, Distribution, type ExposedMetric, exposed } from './series.js';

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

type Counter = { value: number };
const counter = (): Counter => ({ value: 0 });

/** How long admission plugins and webhooks take, and what webhooks refuse. */
export class AdmissionMetrics {
  readonly #plugins = new ByLabels(() => new Distribution(bounds));
  readonly #webhooks = new ByLabels(() => new Distribution(webhookBounds));
  readonly #requests = new ByLabels(counter);
  readonly #rejections = new ByLabels(counter);
  readonly #failedOpen = new ByLabels(counter);
  readonly #conditions = new ByLabels(() => new Distribution(conditionBounds));
  readonly #conditionErrors = new ByLabels(counter);
  readonly #exclusions = new ByLabels(counter);

  /** Of a plugin's `admit` or `validate` for one operation. */
  timer(labels: {
    readonly name: string;
    readonly operation: string;
    readonly type: 'admit' | 'validate';
  }): AdmissionTimer {
    const { name, operation, type } = labels;
    const seriesOf = (rejected: string) => this.#plugins.at({ name, operation, rejected, type });
    const passed = seriesOf('false');
    return {
      passed: (ms) => passed.observe(ms / 1000),
      rejected: (ms) => seriesOf('true').observe(ms / 1000),
    };
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
    const counts = (name: string, help: string, series: ByLabels<Counter>) =>
      exposed(name, 'counter', help, () => series.flatMap((labels, { value }) => [{ labels, value }]));
    return [
      exposed(plugins, 'histogram', 'Time that an admission plugin takes.', () =>
        this.#plugins.flatMap((labels, seconds) => seconds.values(plugins, labels)),
      ),
      exposed(webhooks, 'histogram', 'Time that an admission webhook takes.', () =>
        this.#webhooks.flatMap((labels, seconds) => seconds.values(webhooks, labels)),
      ),
      counts('apiserver_admission_webhook_request_total', 'Calls of admission webhooks.', this.#requests),
      counts(
        'apiserver_admission_webhook_rejection_count',
        'Refusals by admission webhooks.',
        this.#rejections,
      ),
      counts(
        'apiserver_admission_webhook_fail_open_count',
        'Failures of admission webhooks that were passed over.',
        this.#failedOpen,
      ),
      exposed(conditions, 'histogram', 'Time that match conditions take.', () =>
        this.#conditions.flatMap((labels, seconds) => seconds.values(conditions, labels)),
      ),
      counts(
        'apiserver_admission_match_condition_evaluation_errors_total',
        'Match conditions that could not be evaluated.',
        this.#conditionErrors,
      ),
      counts(
        'apiserver_admission_match_condition_exclusions_total',
        'Requests that match conditions kept from a webhook or a policy.',
        this.#exclusions,
      ),
    ];
  }
}
