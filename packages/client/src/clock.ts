import { onAbort } from './abort.js';

/** Time as a parameter: whatever waits takes a clock, so that a test can run a day in a second. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after that many milliseconds; the returned function cancels. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** The longest delay that `setTimeout` knows; longer ones would fire at once. */
const longestTimeoutMs = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), longestTimeoutMs));
    return () => clearTimeout(timer);
  },
};

/** Resolves after the delay. @throws the signal's reason as soon as it aborts */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const leave = onAbort(signal, (reason) => {
      cancel();
      reject(reason);
    });
    const cancel = clock.schedule(delayMs, () => {
      leave();
      resolve();
    });
  });
}
