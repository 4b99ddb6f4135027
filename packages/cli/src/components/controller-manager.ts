import type { Client } from '@kubewright/client';
import { type ControllersOptions, startControllers } from '@kubewright/controllers';
import type { Running } from './running.js';

/** Runs the built-in controllers. Resolves when they work. */
export async function startControllerManager(
  client: Client,
  options: Pick<ControllersOptions, 'logger' | 'rootCa' | 'accountClient'>,
): Promise<Running> {
  const stopping = new AbortController();
  const controllers = await startControllers(client, { signal: stopping.signal, ...options });
  return {
    close: async () => {
      stopping.abort(new Error('the controller manager is stopping'));
      await controllers.done;
    },
  };
}
