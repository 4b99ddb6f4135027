import type { Client } from '@kubewright/client';
import {
  type ControllersOptions,
  type LeaderElectionOptions,
  startControllers,
} from '@kubewright/controllers';
import type { Logger } from 'pino';
import { runElected } from './elected.js';
import { type CheckedPart, runManager } from './run-manager.js';

export interface ControllerManagerOptions
  extends Pick<ControllersOptions, 'rootCa' | 'accountClient' | 'signing' | 'serviceAccountKey'> {
  readonly logger: Logger;
  /** Whether others may run beside it, of which one works. @default false */
  readonly leaderElect?: boolean | undefined;
}

/** Runs the built-in controllers. Resolves when they work, or stand by. */
export async function startControllerManager(
  client: Client,
  { leaderElect, ...options }: ControllerManagerOptions,
): Promise<CheckedPart> {
  const start = (signal: AbortSignal, leaderElection?: LeaderElectionOptions) =>
    startControllers(client, { signal, leaderElection, ...options });
  if (leaderElect) return runElected({ name: 'kube-controller-manager', logger: options.logger, start });
  return runManager('the controller manager', start);
}
