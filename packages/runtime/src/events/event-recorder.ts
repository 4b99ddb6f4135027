import { randomBytes } from 'node:crypto';
import { isApiError, isNotFound, type KubernetesObject } from '@kubewright/api';
import { Event, type ObjectReference } from '@kubewright/api/core/v1';
import { type Client, type Clock, systemClock } from '@kubewright/client';
import type { Logger } from 'pino';

export interface EventRecorderOptions {
  /** Who reports: `kubelet`, `kube-proxy`. */
  readonly component: string;
  /** The node on which that is. */
  readonly host: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** What an event says. */
export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** One word in capitals and small letters: `BackOff`. */
  readonly reason: string;
  readonly message: string;
  /** The part of the object: `spec.containers{web}`. */
  readonly fieldPath?: string;
}

/** Events that wait to be written are dropped beyond this many: they are for people, and must never hold work up. */
const mostPending = 1000;
/** How long a repeated event counts up the one written before. */
const aggregateForMs = 10 * 60_000;

interface Written {
  readonly name: string;
  readonly namespace: string;
  count: number;
  readonly at: number;
}

/** Writes events about objects, the same one again as a higher count of the first. Never throws, never waits. */
export class EventRecorder {
  readonly #client: Client;
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #written = new Map<string, Written>();
  #pending = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(client: Client, options: EventRecorderOptions) {
    this.#client = client;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  record(object: KubernetesObject, text: EventText): void {
    if (this.#pending >= mostPending) {
      this.#options.logger.warn({ reason: text.reason }, 'an event was dropped: too many wait to be written');
      return;
    }
    this.#pending += 1;
    const reference: ObjectReference = {
      apiVersion: object.apiVersion ?? 'v1',
      kind: object.kind ?? '',
      name: object.metadata.name,
      namespace: object.metadata.namespace,
      uid: object.metadata.uid,
      resourceVersion: object.metadata.resourceVersion,
      fieldPath: text.fieldPath,
    };
    this.#tail = this.#tail
      .then(() => this.#write(reference, text))
      .catch((error: unknown) => {
        // An object that is gone, or its namespace, needs no events any more.
        if (!isNotFound(error))
          this.#options.logger.debug({ error, reason: text.reason }, 'an event could not be written');
      })
      .finally(() => {
        this.#pending -= 1;
      });
  }

  /** Resolves when what was recorded so far has been written or has failed. */
  flushed(): Promise<void> {
    return this.#tail;
  }

  async #write(about: ObjectReference, text: EventText): Promise<void> {
    const now = this.#clock.now();
    const time = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
    const key = JSON.stringify([about.uid ?? about.name, text]);
    const before = this.#written.get(key);
    if (before !== undefined && now - before.at < aggregateForMs) {
      before.count += 1;
      try {
        await this.#client
          .resource(Event)
          .namespace(before.namespace)
          .patchMerge(before.name, { count: before.count, lastTimestamp: time }, { timeoutMs: 10_000 });
        return;
      } catch (error) {
        if (!isApiError(error) || error.code !== 404) throw error;
      }
    }
    const namespace = about.namespace || 'default';
    const name = `${about.name}.${now.toString(16)}${randomBytes(3).toString('hex')}`;
    await this.#client.resource(Event).create(
      {
        metadata: { name, namespace },
        involvedObject: about,
        reason: text.reason,
        message: text.message.slice(0, 1024),
        source: { component: this.#options.component, host: this.#options.host },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
        type: text.type,
        reportingComponent: this.#options.component,
        reportingInstance: this.#options.host,
      },
      { timeoutMs: 10_000 },
    );
    this.#written.set(key, { name, namespace, count: 1, at: now });
    for (const [old, { at }] of this.#written) {
      if (now - at < aggregateForMs && this.#written.size < 4096) break;
      this.#written.delete(old);
    }
  }
}
