import { formatTime } from '@kubewright/api';
import type { Event } from '@kubewright/api/core/v1';

/** What is to be written for one occurrence: a new event, or a higher count on one that was written before. */
export type EventWrite =
  | { readonly type: 'create'; readonly event: Event }
  | { readonly type: 'count'; readonly event: Event };

/** The numbers are those of client-go's recorder. */
const limits = {
  /** After so many different messages of one kind, they become one event. */
  similarMessages: 10,
  /** How long messages count as similar, and tokens of a source take to come back, in milliseconds. */
  similarWithinMs: 600_000,
  burst: 25,
  refillMs: 300_000,
  remembered: 4096,
} as const;

interface Group {
  readonly messages: Set<string>;
  seenAt: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * Turns occurrences into as few events as tell them: the same again raises a count, many alike become one, and a
 * source that talks too much about one object is cut off. It is memory and arithmetic only; the source of the rules
 * is client-go's event correlator.
 */
export class EventCorrelator {
  readonly #groups = new Bounded<Group>();
  readonly #written = new Bounded<Event>();
  readonly #buckets = new Bounded<Bucket>();

  /** @param now milliseconds since 1970 @returns undefined when nothing shall be written */
  correlate(occurrence: Event, now: number): EventWrite | undefined {
    if (!this.#take(sourceKey(occurrence), now)) return undefined;
    const groupKey = similarKey(occurrence);
    const group = this.#group(groupKey, now);
    // Nothing is learnt from more messages than tell that there are too many.
    if (group.messages.size <= limits.similarMessages) group.messages.add(occurrence.message ?? '');
    const combined = group.messages.size > limits.similarMessages;
    const event = combined
      ? { ...occurrence, message: `(combined from similar events): ${occurrence.message ?? ''}` }
      : occurrence;
    const key = combined ? groupKey : `${groupKey}\n${event.message ?? ''}`;
    const before = this.#written.get(key);
    if (before === undefined) {
      this.#written.set(key, event);
      return { type: 'create', event };
    }
    const again: Event = {
      ...before,
      message: event.message,
      count: (before.count ?? 1) + 1,
      lastTimestamp: formatTime(now),
    };
    this.#written.set(key, again);
    return { type: 'count', event: again };
  }

  #group(key: string, now: number): Group {
    const known = this.#groups.get(key);
    if (known !== undefined && now - known.seenAt < limits.similarWithinMs) {
      known.seenAt = now;
      return known;
    }
    const group: Group = { messages: new Set(), seenAt: now };
    this.#groups.set(key, group);
    return group;
  }

  #take(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: limits.burst, filledAt: now };
    bucket.tokens = Math.min(limits.burst, bucket.tokens + (now - bucket.filledAt) / limits.refillMs);
    bucket.filledAt = now;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

/** A map that forgets what was longest unused. */
class Bounded<V> {
  readonly #entries = new Map<string, V>();

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= limits.remembered) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}

function sourceKey({ source, involvedObject }: Event): string {
  const { kind, namespace, name, uid, apiVersion } = involvedObject;
  return [source?.component, source?.host, kind, namespace, name, uid, apiVersion].join('\n');
}

function similarKey(event: Event): string {
  return [sourceKey(event), event.type, event.reason, event.reportingComponent, event.reportingInstance].join(
    '\n',
  );
}
