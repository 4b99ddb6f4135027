import type { Client, Clock } from '@kubewright/client';
import type { Logger } from 'pino';
import type { EventRecorder } from './events/event-recorder.js';
import type { ObjectName } from './object-name.js';

/** What a reconciler may ask for when it succeeds. */
export interface ReconcileResult {
  /** Come back after this time even if nothing happens. */
  readonly requeueAfterMs?: number | undefined;
}

/** What a reconciler works with; clock and randomness come from here, so that a simulation can hold them. */
export interface ReconcileContext {
  readonly client: Client;
  /** Aborts when the work must end: the lease is lost, or the time for an orderly end is over. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Between 0 and 1, as Math.random. */
  readonly random: () => number;
  readonly events: EventRecorder;
  /** How many times in a row this key has failed. */
  readonly failures: number;
}

/**
 * Brings the world closer to what the named object wants. It is told which object, never what happened to it: it
 * reads what is, and may be called at any time, again and again. One key is never in two calls at once. A rejection
 * brings the key back later and later; a {@link TerminalError} doesn't.
 */
export type Reconciler<K = ObjectName> = (
  key: K,
  context: ReconcileContext,
) => Promise<ReconcileResult | undefined>;

/** A fault that trying again can't mend: the key rests until its object changes. */
export class TerminalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TerminalError';
  }
}
