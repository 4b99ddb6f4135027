import type { HealthCheck } from '@kubewright/apiserver';
import type { CheckedPart } from './run-manager.js';

/** How the parts of the control plane do that run beside the server: it is there before they are. */
export class PartChecks {
  readonly #parts = new Map<string, CheckedPart>();
  /** For ComponentStatus, in upstream's order. */
  readonly checks: readonly HealthCheck[] = ['scheduler', 'controller-manager'].map((name) => ({
    name,
    check: () => {
      const part = this.#parts.get(name);
      if (part === undefined) throw new Error('it has not started yet');
      part.check();
    },
  }));

  started(name: 'scheduler' | 'controller-manager', part: CheckedPart): void {
    this.#parts.set(name, part);
  }
}
