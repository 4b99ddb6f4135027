import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission-plugin.js';
import { ByLabels, Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

/** How long each admission plugin takes. */
export class AdmissionMetrics {
  readonly #series = new ByLabels(() => new Distribution(bounds));

  /** The same plugin, measured. */
  measure(plugin: AdmissionPlugin): AdmissionPlugin {
    const { name, admit, validate } = plugin;
    return {
      name,
      ...(admit === undefined
        ? {}
        : { admit: (request) => this.#timed(name, 'admit', request, () => plugin.admit?.(request)) }),
      ...(validate === undefined
        ? {}
        : {
            validate: (request) => this.#timed(name, 'validate', request, () => plugin.validate?.(request)),
          }),
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

  async #timed(
    name: string,
    type: 'admit' | 'validate',
    { operation }: AdmissionRequest,
    run: () => void | Promise<void>,
  ): Promise<void> {
    const start = performance.now();
    let rejected = true;
    try {
      await run();
      rejected = false;
    } finally {
      const labels = { name, operation, rejected: String(rejected), type };
      this.#series.at(labels).observe((performance.now() - start) / 1000);
    }
  }
}
