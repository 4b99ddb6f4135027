import { isApiError, isConflict, isNotFound } from '@kubewright/api';
import { Pod, type PodStatus } from '@kubewright/api/core/v1';
import { type Client, type Clock, sleep } from '@kubewright/client';
import type { Logger } from 'pino';

/**
 * Brings statuses of pods to the API server: the newest of each pod, one request at a time for each, until it is
 * there. A server that can't be reached holds up no container.
 */
export class StatusWriter {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #pods = new Map<string, { wanted: PodStatus | undefined; sent: string; writing: Promise<void> }>();

  constructor(client: Client, options: { clock: Clock; logger: Logger; signal: AbortSignal }) {
    this.#client = client;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#signal = options.signal;
  }

  /** Takes a status that is to be written. Resolves when it, or a newer one, is written or can't ever be. */
  set(pod: Pod, status: PodStatus): Promise<void> {
    const uid = pod.metadata.uid ?? '';
    let entry = this.#pods.get(uid);
    if (entry === undefined) {
      entry = { wanted: undefined, sent: '', writing: Promise.resolve() };
      this.#pods.set(uid, entry);
    }
    // What is being written need not be written once more.
    const text = entry.wanted === undefined ? entry.sent : JSON.stringify(entry.wanted);
    if (JSON.stringify(status) === text) return entry.writing;
    const idle = entry.wanted === undefined;
    entry.wanted = status;
    const mine = entry;
    if (idle) entry.writing = entry.writing.then(() => this.#write(pod, mine));
    return entry.writing;
  }

  forget(uid: string): void {
    this.#pods.delete(uid);
  }

  async #write(pod: Pod, entry: { wanted: PodStatus | undefined; sent: string }): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata;
    let delayMs = 200;
    while (entry.wanted !== undefined && !this.#signal.aborted) {
      const status = entry.wanted;
      try {
        await this.#client
          .resource(Pod)
          .namespace(namespace)
          .status.patchStrategic(
            name,
            { metadata: { uid }, status: statusPatch(status) },
            { signal: this.#signal, timeoutMs: 30_000 },
          );
        entry.sent = JSON.stringify(status);
        if (entry.wanted === status) entry.wanted = undefined;
        delayMs = 200;
      } catch (error) {
        if (this.#signal.aborted) return;
        if (isNotFound(error) || isConflict(error)) {
          // The pod is gone, or another one has its name: there is nothing left to tell.
          entry.wanted = undefined;
          return;
        }
        this.#logger.warn({ error, pod: `${namespace}/${name}` }, 'a pod status could not be written');
        if (isApiError(error) && error.code === 422) {
          entry.wanted = undefined;
          return;
        }
        try {
          await sleep(this.#clock, delayMs, this.#signal);
        } catch {
          return; // closing
        }
        delayMs = Math.min(delayMs * 2, 10_000);
      }
    }
  }
}

/** Lists that a strategic patch would merge are replaced; what a status has no more is taken away. */
function statusPatch(status: PodStatus): Record<string, unknown> {
  const replaced = (list: readonly object[] | undefined) =>
    list === undefined ? undefined : [{ $patch: 'replace' }, ...list];
  return {
    ...status,
    // Merged by type with those of others; what a condition says no more must be taken away by name.
    conditions: status.conditions?.map((condition) => ({
      ...condition,
      reason: condition.reason ?? null,
      message: condition.message ?? null,
    })),
    podIP: status.podIP ?? null,
    reason: status.reason ?? null,
    message: status.message ?? null,
    podIPs: replaced(status.podIPs) ?? null,
    hostIPs: replaced(status.hostIPs) ?? null,
  };
}
