/**
 * Requests that come in one turn of the event loop take the same steps. Run one after the other, each would find the
 * code and the tables of its first step gone from the processor's caches, as there are more of them than fit; taken step
 * by step by all, creates cost a third less (`npm run bench -- create`).
 */

let waiting: (() => void)[] = [];

/** Runs what is to go on at the end of this turn of the event loop, all in a row. */
export function atTurnsEnd(run: () => void): void {
  waiting.push(run);
  if (waiting.length > 1) return;
  setImmediate(() => {
    const all = waiting;
    waiting = [];
    for (const one of all) one();
  });
}

/** To be awaited between two steps: those who are in the same one come before. */
export const inStep: Promise<void> = Promise.resolve();
