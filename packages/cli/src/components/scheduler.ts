import type { Client } from '@kubewright/client';
import { type LeaderElectionOptions, startScheduler } from '@kubewright/controllers';
import type { Logger } from 'pino';
import { runElected } from './elected.js';
import { type CheckedPart, runManager } from './run-manager.js';

export interface SchedulerComponentOptions {
  readonly logger: Logger;
  /** Whether others may run beside it, of which one works. @default false */
  readonly leaderElect?: boolean | undefined;
}

/** Runs the scheduler. Resolves when it works, or stands by. */
export async function startSchedulerComponent(
  client: Client,
  { logger, leaderElect }: SchedulerComponentOptions,
): Promise<CheckedPart> {
  const start = (signal: AbortSignal, leaderElection?: LeaderElectionOptions) =>
    startScheduler(client, { signal, logger, leaderElection });
  if (leaderElect) return runElected({ name: 'kube-scheduler', logger, start });
  return runManager('the scheduler', start);
}
