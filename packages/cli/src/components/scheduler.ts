import type { Client } from '@kubewright/client';
import { startScheduler } from '@kubewright/controllers';
import type { Logger } from 'pino';
import type { Running } from './running.js';

/** Runs the scheduler. Resolves when it works. */
export async function startSchedulerComponent(client: Client, logger: Logger): Promise<Running> {
  const stopping = new AbortController();
  const scheduler = await startScheduler(client, { signal: stopping.signal, logger });
  return {
    close: async () => {
      stopping.abort(new Error('the scheduler is stopping'));
      await scheduler.done;
    },
  };
}
