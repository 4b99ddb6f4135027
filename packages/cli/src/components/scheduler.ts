import type { Client } from '@kubewright/client';
import { type LeaderElectionOptions, startScheduler } from '@kubewright/controllers';
import type { Logger } from 'pino';
import { runElected } from './elected.js';
import type { Running } from './running.js';

export interface SchedulerComponentOptions {
  readonly logger: Logger;
  /** Whether others may run beside it, of which one works. @default false */
  readonly leaderElect?: boolean | undefined;
}

/** Runs the scheduler. Resolves when it works, or stands by. */
export async function startSchedulerComponent(
  client: Client,
  { logger, leaderElect }: SchedulerComponentOptions,
): Promise<Running> {
  const start = (signal: AbortSignal, leaderElection?: LeaderElectionOptions) =>
    startScheduler(client, { signal, logger, leaderElection });
  if (leaderElect) return runElected({ name: 'kube-scheduler', logger, start });
  const stopping = new AbortController();
  const scheduler = await start(stopping.signal);
  return {
    close: async () => {
      stopping.abort(new Error('the scheduler is stopping'));
      await scheduler.done;
    },
  };
}
