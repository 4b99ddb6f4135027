import { ByLabels, Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

/** Takes how long one plugin took, in milliseconds. */
export interface AdmissionTimer {
  passed(ms: number): void;
  rejected(ms: number): void;
}

/** How long each admission plugin takes. */
export class AdmissionMetrics {
  readonly #series = new ByLabels(() => new Distribution(bounds));

  /** Of a plugin's `admit` or `validate` for one operation. */
  timer(labels: {
    readonly name: string;
    readonly operation: string;
    readonly type: 'admit' | 'validate';
  }): AdmissionTimer {
    const { name, operation, type } = labels;
    const seriesOf = (rejected: string) => this.#series.at({ name, operation, rejected, type });
    const passed = seriesOf('false');
    return {
      passed: (ms) => passed.observe(ms / 1000),
      rejected: (ms) => seriesOf('true').observe(ms / 1000),
    };
  }

  metrics(): ExposedMetric[] {
    const name = 'apiserver_admission_controller_admission_duration_seconds';
    return [
      exposed(name, 'histogram', 'Time that an admission plugin takes.', () =>
        this.#series.flatMap((labels, seconds) => seconds.values(name, labels)),
      ),
    ];
  }
}
