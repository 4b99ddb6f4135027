import type { Client } from '@kubewright/client';
import type { Manager } from '@kubewright/controllers';
import type { TestServerOptions } from '../test-server.js';

/** Throws where what has to hold does not. It reads from the server itself, never from a cache. */
export type Check = (client: Client) => Promise<void> | void;

/** What happens around a controller while it is explored. */
export interface Scenario {
  /** Kinds, admission and the like of the server. */
  readonly server?: Omit<TestServerOptions, 'clock' | 'controllers' | 'client'>;
  /** What is there before the controller first starts. Runs once; all runs begin with a fork of it. */
  readonly prepare?: (client: Client) => Promise<void>;
  /** What users do, by name, one after the other, each when the controller has come to rest. A step waits for nothing. */
  readonly steps?: Readonly<Record<string, (client: Client) => Promise<unknown>>>;
  /** Other controllers that do their part and never break: the kubelet that runs pods, garbage collection. */
  readonly beside?: (manager: Manager) => void;
  /** Whether the controller is at something that neither client nor clock show, such as cryptography. @default never */
  readonly isBusy?: () => boolean;
  /** What has to hold after every write of the controller, by name. */
  readonly always?: Readonly<Record<string, Check>>;
  /** What has to hold once all is at rest, by name. */
  readonly finally?: Readonly<Record<string, Check>>;
}
