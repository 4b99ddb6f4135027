/** How many calls of a batch succeeded, and the first fault of those that didn't. */
export interface SlowStartResult {
  readonly succeeded: number;
  readonly error?: unknown;
}

/**
 * Makes `count` calls in batches of 1, 2, 4 …, each batch at once, and stops after a batch with a fault. So a
 * quota that refuses everything is asked once, not a thousand times.
 */
export async function slowStart(count: number, call: () => Promise<void>): Promise<SlowStartResult> {
  let succeeded = 0;
  for (let size = Math.min(1, count); size > 0; size = Math.min(2 * size, count - succeeded)) {
    const results = await Promise.allSettled(Array.from({ length: size }, call));
    const failed = results.find((result) => result.status === 'rejected');
    succeeded += results.filter((result) => result.status === 'fulfilled').length;
    if (failed !== undefined) return { succeeded, error: failed.reason };
  }
  return { succeeded };
}
