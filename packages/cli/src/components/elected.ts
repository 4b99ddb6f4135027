import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { LeaderElectionOptions, Manager } from '@kubewright/controllers';
import type { Logger } from 'pino';
import type { Running } from './running.js';

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
export function runElected({ name, logger, start }: ElectedOptions): Running {
  const stopping = new AbortController();
  const { signal } = stopping;
  const identity = `${hostname().toLowerCase()}_${randomUUID()}`;
  const work = async () => {
    while (!signal.aborted) {
      try {
        const manager = await start(signal, { name, identity });
        await manager.done;
      } catch (err) {
        if (signal.aborted) return;
        logger.warn({ err, lease: name }, 'stands by again');
        await delay(againMs, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const done = work();
  return {
    close: async () => {
      stopping.abort(new Error(`${name} is stopping`));
      await done;
    },
  };
}
