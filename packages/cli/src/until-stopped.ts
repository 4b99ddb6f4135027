import { errorLine } from './command-error.js';
import type { Running } from './components/running.js';

/** A process that has not ended in order by then ends as it is. */
const stopWithinMs = 4_800;

/** A signal that aborts when the process is asked to end, by SIGINT or SIGTERM. Listens from the first call on. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (!stopping.signal.aborted) stopping.abort(new Error(`stopped by ${name}`));
    });
  return stopping.signal;
}

/**
 * Waits until the process is asked to end, or something that it needs has ended, and closes what runs.
 * @returns the exit status
 */
export async function untilStopped(
  running: Running,
  stopped: AbortSignal,
  failed: Promise<string> = new Promise(() => undefined),
): Promise<number> {
  const reason = await Promise.race([aborted(stopped), failed]);
  if (reason !== undefined) process.stderr.write(`kubewright: ${reason}\n`);
  const timer = setTimeout(() => {
    process.stderr.write('kubewright: not everything stopped in time\n');
    process.exit(1);
  }, stopWithinMs);
  try {
    await running.close();
  } catch (error) {
    process.stderr.write(`kubewright: did not stop in order: ${errorLine(error)}\n`);
    return 1;
  } finally {
    clearTimeout(timer);
  }
  return reason === undefined ? 0 : 1;
}

/** What a start comes to; undefined where the process is asked to end before it has come to anything. */
export async function unlessStopped<T>(starting: Promise<T>, stopped: AbortSignal): Promise<T | undefined> {
  // Once given up, a start may still fail, which no longer matters.
  starting.catch(() => undefined);
  return Promise.race([starting, aborted(stopped)]);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
