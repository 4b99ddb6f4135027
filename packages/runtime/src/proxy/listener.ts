import type { Clock } from '@kubewright/client';
import type { Backend, Frontend } from './frontend.js';

/** What serves one frontend. */
export interface FrontendListener {
  /** Takes new backends. Connections that there are stay; without backends new ones are refused. */
  update(frontend: Frontend): void;
  /** Takes no new connection, for good. Resolves when those that there are have come to their end. */
  drain(): Promise<void>;
  /** Ends everything. */
  destroy(): void;
}

export interface ListenerOptions {
  readonly clock: Clock;
  /** True for an address that this proxy itself listens on: sending there would go round in circles. */
  readonly isOwn: (backend: Backend) => boolean;
  /** It could not listen, or can't any more. It tries again. */
  readonly onFailure: (error: NodeJS.ErrnoException) => void;
}

/** After how long an address that could not be listened on is tried again. */
export const retryListenMs = 15_000;
