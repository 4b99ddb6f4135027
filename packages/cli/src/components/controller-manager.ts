import type { Client } from '@kubewright/client';
import { startControllers } from '@kubewright/controllers';
import type { Logger } from 'pino';
import type { Running } from './running.js';

/** Runs the built-in controllers. Resolves when they work. */
export async function startControllerManager(client: Client, logger: Logger): Promise<Running> {
  const stopping = new AbortController();
  const controllers = await startControllers(client, { signal: stopping.signal, logger });
  return {
    close: async () => {
      stopping.abort(new Error('the controller manager is stopping'));
      await controllers.done;
    },
  };
}
