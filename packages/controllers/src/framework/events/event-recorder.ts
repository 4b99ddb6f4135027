import { formatTime, isNotFound, type KubernetesObject } from '@kubewright/api';
import { Event, type ObjectReference } from '@kubewright/api/core/v1';
import type { Client, Clock } from '@kubewright/client';
import type { Logger } from 'pino';
import { EventCorrelator, type EventWrite } from './event-correlator.js';

export type EventType = 'Normal' | 'Warning';

export interface EventRecorderOptions {
  readonly client: Client;
  /** Who says it: what `kubectl describe` shows under From. */
  readonly component: string;
  /** The node, for a component that runs on one. */
  readonly host?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The most writes that wait; what comes when so many do is dropped and logged, since events are only advice. */
const longestBacklog = 1000;

/** Tells users what happened to an object. Writing goes on in the background and never fails a reconcile. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator = new EventCorrelator();
  readonly #ending = new AbortController();
  #backlog = 0;
  #tail: Promise<void> = Promise.resolve();
  #serial = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** @param reason one word in CamelCase @param message a sentence for people */
  record(object: KubernetesObject, type: EventType, reason: string, message: string): void {
    const { clock, logger } = this.#options;
    const now = clock.now();
    const write = this.#correlator.correlate(this.#event(object, { type, reason, message, now }), now);
    if (write === undefined) return;
    if (this.#backlog >= longestBacklog) {
      logger.warn({ reason, message }, 'too many events wait: one was dropped');
      return;
    }
    this.#backlog++;
    // One after the other: a count must not overtake the event that it counts.
    this.#tail = this.#tail
      .then(() => this.#write(write))
      .catch((error: unknown) =>
        logger.debug({ err: error, reason, message }, 'an event could not be written'),
      )
      .finally(() => {
        this.#backlog--;
      });
  }

  normal(object: KubernetesObject, reason: string, message: string): void {
    this.record(object, 'Normal', reason, message);
  }

  warning(object: KubernetesObject, reason: string, message: string): void {
    this.record(object, 'Warning', reason, message);
  }

  /** Resolves when all that was recorded is written, or after the given time, when the rest is given up. */
  async flush(timeoutMs = 1000): Promise<void> {
    const cancel = this.#options.clock.schedule(timeoutMs, () =>
      this.#ending.abort(new Error('the time to write events is over')),
    );
    await this.#tail;
    cancel();
  }

  async #write({ type, event }: EventWrite): Promise<void> {
    const events = this.#options.client.resource(Event).namespace(event.metadata.namespace);
    const options = { signal: this.#ending.signal };
    if (type === 'count') {
      try {
        const { count, lastTimestamp, message } = event;
        await events.patchMerge(event.metadata.name ?? '', { count, lastTimestamp, message }, options);
        return;
      } catch (error) {
        // Events live for an hour: this one has to be written anew.
        if (!isNotFound(error)) throw error;
      }
    }
    await events.create(event, options);
  }

  #event(
    object: KubernetesObject,
    what: {
      readonly type: EventType;
      readonly reason: string;
      readonly message: string;
      readonly now: number;
    },
  ): Event {
    const { component, host } = this.#options;
    const time = formatTime(what.now);
    const involvedObject = referenceTo(object);
    // As client-go names them: unique for the object, and in order of time.
    const stamp = BigInt(Math.trunc(what.now)) * 1_000_000n + BigInt(this.#serial++ % 1_000_000);
    return {
      metadata: {
        name: `${involvedObject.name ?? ''}.${stamp.toString(16)}`,
        namespace: involvedObject.namespace ?? 'default',
      },
      involvedObject,
      type: what.type,
      reason: what.reason,
      message: what.message,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
  }
}

/** How an event names its object. @throws when the object doesn't say what kind it is */
export function referenceTo(object: KubernetesObject): ObjectReference {
  const { apiVersion, kind, metadata } = object;
  if (apiVersion === undefined || kind === undefined)
    throw new TypeError(`an object in an event has to carry apiVersion and kind: ${metadata.name ?? ''}`);
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    resourceVersion,
  };
}
