import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { LeaderElectionOptions, Manager } from '@kubewright/controllers';
import type { Logger } from 'pino';
import { type CheckedPart, checkReady } from './run-manager.js';

const againMs = 1_000;

export interface ElectedOptions {
  /** The Lease's name, as upstream's component has it. */
  readonly name: string;
  readonly logger: Logger;
  /** Resolves when it leads; ends with the signal, or when its lease is lost. */
  start(signal: AbortSignal, leaderElection: LeaderElectionOptions): Promise<Manager>;
}

/**
 * Runs a part in the one process of several that holds its lease. Returns at once, since a standby waits; one that loses
 * its lease stands by again.
 */
export function runElected({ name, logger, start }: ElectedOptions): CheckedPart {
  const stopping = new AbortController();
  const { signal } = stopping;
  const identity = `${hostname().toLowerCase()}_${randomUUID()}`;
  let leading: Manager | undefined;
  const work = async () => {
    while (!signal.aborted) {
      try {
        leading = await start(signal, { name, identity });
        await leading.done;
      } catch (err) {
        if (signal.aborted) return;
        leading = undefined;
        logger.warn({ err, lease: name }, 'stands by again');
        await delay(againMs, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const done = work();
  return {
    // A standby is well: it waits for its turn.
    check: () => {
      if (leading !== undefined) checkReady(leading);
    },
    close: async () => {
      stopping.abort(new Error(`${name} is stopping`));
      await done;
    },
  };
}
