import type { Manager } from '@kubewright/controllers';
import type { Running } from './running.js';

/** A part of the control plane that tells how it does. */
export interface CheckedPart extends Running {
  /** @throws Error that says why it does not work */
  check(): void;
}

/** Runs a manager until it is closed. Resolves when it works. */
export async function runManager(
  name: string,
  start: (signal: AbortSignal) => Promise<Manager>,
): Promise<CheckedPart> {
  const stopping = new AbortController();
  const manager = await start(stopping.signal);
  let ended = false;
  const end = () => {
    ended = true;
  };
  manager.done.then(end, end);
  return {
    check: () => {
      if (ended) throw new Error('it has ended');
      checkReady(manager);
    },
    close: async () => {
      stopping.abort(new Error(`${name} is stopping`));
      await manager.done;
    },
  };
}

/** @throws Error where a manager does not know yet what there is */
export function checkReady(manager: Manager): void {
  if (!manager.ready) throw new Error('caches are not filled yet');
}
