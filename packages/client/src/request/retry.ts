import { isApiError } from '@kubewright/api/protocol';
import { TransportError } from '../transport/transport.js';
import { retryAfterMs } from './answer.js';

export interface RetrySituation {
  /** Tries that failed before this one. */
  readonly failures: number;
  /** The call may be sent again although it may have happened already: it reads, or it names the state it changes. */
  readonly repeatable: boolean;
  readonly random: () => number;
}

const baseDelayMs = 100;
const maxDelayMs = 10_000;

/**
 * How long to wait before the call is sent again; undefined when it must not be. A 429 (or a 5xx) that says
 * `Retry-After` was not carried out, so that also a write may come again. A connection fault leaves that open.
 */
export function retryDelayMs(error: unknown, situation: RetrySituation): number | undefined {
  if (error instanceof TransportError) {
    if (error.permanent) return undefined;
    if (!error.unsent && !situation.repeatable) return undefined;
    return jittered(Math.min(baseDelayMs * 2 ** situation.failures, maxDelayMs), situation.random);
  }
  if (!isApiError(error)) return undefined;
  const after = retryAfterMs(error);
  if (after === undefined) return undefined;
  if (error.code !== 429 && !(error.code >= 500 && situation.repeatable)) return undefined;
  // Never earlier than asked; later by up to half of it, so that those who were sent away do not return together.
  return after * (1 + situation.random() / 2);
}

/** Between half of the delay and all of it. */
function jittered(delayMs: number, random: () => number): number {
  return delayMs * (0.5 + random() / 2);
}
