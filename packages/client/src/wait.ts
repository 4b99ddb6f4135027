import type { KubernetesObject } from '@kubewright/api';
import { bindSignal } from './abort.js';
import { type Clock, systemClock } from './clock.js';
import type { CallOptions } from './options.js';
import type { WatcherEvent, WatcherOptions } from './watch/watcher.js';

export interface WaitOptions extends CallOptions {
  readonly clock?: Clock | undefined;
}

/** Follows one object with a watcher until the condition holds. */
export async function waitForObject<T extends KubernetesObject>(
  watcher: (options: WatcherOptions) => AsyncIterable<WatcherEvent<T>>,
  name: string,
  condition: (object: T | undefined) => boolean,
  options: WaitOptions,
): Promise<T | undefined> {
  const ending = bindSignal(options, {
    clock: options.clock ?? systemClock,
    message: (ms) => `${name} did not become what was waited for within ${ms} ms`,
  });
  try {
    let current: T | undefined;
    let synced = false;
    const events = watcher({ fieldSelector: `metadata.name=${name}`, signal: ending.signal });
    for await (const event of events) {
      if (event.type === 'added' || event.type === 'modified') current = event.object;
      else if (event.type === 'deleted') current = undefined;
      else if (event.type === 'synced') synced = true;
      else continue;
      // An absent object is known to be absent only once the list is complete.
      if ((current !== undefined || synced) && condition(current)) return current;
    }
    throw ending.signal.reason;
  } finally {
    ending.end();
  }
}
