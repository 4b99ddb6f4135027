import type { Clock } from './clock.js';
import type { CallOptions } from './options.js';

/**
 * Calls back when the signal aborts, at once when it has done so; the returned function takes the callback off again.
 * One signal may end any number of things: Node's warning about many listeners, which takes that for a leak, is off.
 */
export function onAbort(signal: AbortSignal | undefined, callback: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    callback(signal.reason);
    return () => undefined;
  }
  const listener = () => callback(signal.reason);
  allowListeners(signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** Not imported, since browsers have no such module, nor that limit. */
const allowListeners: (signal: AbortSignal) => void = (() => {
  const events = globalThis.process?.getBuiltinModule?.('node:events');
  return events === undefined ? () => undefined : (signal) => events.setMaxListeners(0, signal);
})();

/** A signal that has to be ended, so that nothing stays behind at its sources. */
export interface BoundSignal {
  readonly signal: AbortSignal;
  readonly abort: (reason: unknown) => void;
  readonly end: () => void;
}

/**
 * A signal of one's own that aborts with that of the caller, and with a TimeoutError of this message when the time
 * of the caller is over.
 */
export function bindSignal(
  { signal, timeoutMs }: CallOptions,
  deadline?: { readonly clock: Clock; readonly message: (timeoutMs: number) => string },
): BoundSignal {
  const controller = new AbortController();
  const abort = (reason: unknown) => controller.abort(reason);
  const leave = onAbort(signal, abort);
  const cancelTimer =
    timeoutMs === undefined || deadline === undefined
      ? undefined
      : deadline.clock.schedule(timeoutMs, () =>
          abort(new DOMException(deadline.message(timeoutMs), 'TimeoutError')),
        );
  return {
    signal: controller.signal,
    abort,
    end() {
      leave();
      cancelTimer?.();
    },
  };
}
