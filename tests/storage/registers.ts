import type { Action, Operation, Outcome } from './linearizability.js';

/** Carries an action out on a register. @throws where nobody knows whether it took place */
export type Perform = (register: string, action: Action) => Promise<Outcome>;

export interface WorkloadOptions {
  /** One for each client: they may differ in where they send their requests. */
  readonly clients: readonly Perform[];
  readonly registers: number;
  readonly seed: number;
  /** Asked before each operation. */
  goesOn(done: number): boolean;
}

/** Lets clients read, set and swap a few registers at the same time, and writes down what each saw. */
export async function recordHistory(options: WorkloadOptions): Promise<Operation[]> {
  const history: Operation[] = [];
  let count = 0;
  const client = async (perform: Perform, number: number) => {
    const random = xorshift(options.seed + number * 7919);
    const known = new Map<string, string>();
    while (options.goesOn(count)) {
      const register = `r${random(options.registers)}`;
      // Every value is written once, so that a read tells whose it was.
      const fresh = `${number}-${count++}`;
      const kind = random(4);
      const action: Action =
        kind < 2
          ? { read: true }
          : kind === 2
            ? { set: fresh }
            : { swap: { from: known.get(register) ?? '', to: fresh } };
      const calledAt = performance.now();
      const outcome = await perform(register, action).catch((): Outcome => 'unknown');
      const returnedAt = performance.now();
      history.push({ register, action, calledAt, returnedAt, outcome });
      if (outcome !== 'unknown' && 'value' in outcome) known.set(register, outcome.value);
    }
  };
  await Promise.all(options.clients.map(client));
  return history;
}

/** Numbers below a bound, the same ones for the same seed. */
export function xorshift(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
