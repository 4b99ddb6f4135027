import type { HealthCheck } from './health-check.js';

/** What upstream calls the steps of its start. */
const prefix = 'poststarthook/';

/**
 * The steps in which a server starts: each is a health check that fails until the step is over, under the name of
 * upstream's.
 */
export class StartSteps {
  readonly #finished = new Map<string, boolean>();
  readonly #checks: HealthCheck[] = [];

  /** As far as the server has come. */
  get checks(): readonly HealthCheck[] {
    return this.#checks;
  }

  /** Takes a step; one that is over stays so where it is taken again. @throws what `step` throws */
  async take<T>(name: string, step: () => T | Promise<T>): Promise<T> {
    if (!this.#finished.has(name)) {
      const check = () => {
        if (this.#finished.get(name) !== true) throw new Error('not finished');
      };
      this.#checks.push({ name: `${prefix}${name}`, check });
      this.#finished.set(name, false);
    }
    const result = await step();
    this.#finished.set(name, true);
    return result;
  }
}
