import type { Pod } from '@kubewright/api/core/v1';
import type { Clock } from '@kubewright/client';

/** The numbers are upstream's defaults, in milliseconds. */
const backoffMs = { first: 1000, longest: 10_000 } as const;
const longestUnschedulableMs = 300_000;

interface Entry {
  pod: Pod;
  attempts: number;
  /** When the last attempt failed. */
  failedAt: number;
  /** The order of arrival, among pods of the same priority. */
  readonly order: number;
  state: 'active' | 'backoff' | 'unschedulable' | 'in flight';
  /** How many events had come when the attempt in flight began. */
  movesBefore: number;
  cancel?: (() => void) | undefined;
}

/**
 * Pods that want a node. The active ones are tried by priority; one that failed waits until something happens that
 * might help, and then for the rest of its back-off. What happens during an attempt counts for that attempt.
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #active: Entry[] = [];
  readonly #waiters: (() => void)[] = [];
  #order = 0;
  #moves = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many pods there are in each state. */
  get sizes(): Readonly<Record<Entry['state'], number>> {
    const sizes = { active: 0, backoff: 0, unschedulable: 0, 'in flight': 0 };
    for (const { state } of this.#entries.values()) sizes[state]++;
    return sizes;
  }

  /** Takes a pod that has no node, or its new state. */
  put(pod: Pod, { mayHelp }: { readonly mayHelp: boolean } = { mayHelp: false }): void {
    const uid = pod.metadata.uid ?? '';
    const known = this.#entries.get(uid);
    if (known === undefined) {
      const entry: Entry = {
        pod,
        attempts: 0,
        failedAt: 0,
        order: this.#order++,
        state: 'unschedulable',
        movesBefore: 0,
      };
      this.#entries.set(uid, entry);
      this.#activate(entry);
      return;
    }
    known.pod = pod;
    if (mayHelp && known.state === 'unschedulable') this.#backOff(known);
  }

  /** The pod has a node or is gone. */
  remove({ metadata }: Pod): void {
    const uid = metadata.uid ?? '';
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    this.#entries.delete(uid);
    entry.cancel?.();
    const index = this.#active.indexOf(entry);
    if (index >= 0) this.#active.splice(index, 1);
  }

  /** The next pod to try. @throws the signal's reason when it aborts */
  async pop(signal: AbortSignal): Promise<Pod> {
    for (;;) {
      signal.throwIfAborted();
      const entry = this.#active.shift();
      if (entry !== undefined) {
        entry.state = 'in flight';
        entry.attempts++;
        entry.movesBefore = this.#moves;
        return entry.pod;
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
        this.#waiters.push(wake);
      });
    }
  }

  /** The attempt failed: no node can take the pod as things are. */
  unschedulable(pod: Pod): void {
    const entry = this.#failed(pod);
    if (entry === undefined) return;
    if (this.#moves !== entry.movesBefore) {
      this.#backOff(entry);
      return;
    }
    entry.state = 'unschedulable';
    entry.cancel = this.#clock.schedule(longestUnschedulableMs, () => this.#backOff(entry));
  }

  /** The attempt failed for a reason that has nothing to do with the nodes. */
  retry(pod: Pod): void {
    const entry = this.#failed(pod);
    if (entry !== undefined) this.#backOff(entry);
  }

  /** Something happened that might make room. */
  moveAll(): void {
    this.#moves++;
    for (const entry of this.#entries.values()) if (entry.state === 'unschedulable') this.#backOff(entry);
  }

  #failed({ metadata }: Pod): Entry | undefined {
    const entry = this.#entries.get(metadata.uid ?? '');
    if (entry === undefined || entry.state !== 'in flight') return undefined;
    entry.failedAt = this.#clock.now();
    return entry;
  }

  #backOff(entry: Entry): void {
    entry.cancel?.();
    const delayMs = Math.min(backoffMs.first * 2 ** Math.max(0, entry.attempts - 1), backoffMs.longest);
    const leftMs = entry.attempts === 0 ? 0 : entry.failedAt + delayMs - this.#clock.now();
    if (leftMs <= 0) {
      this.#activate(entry);
      return;
    }
    entry.state = 'backoff';
    entry.cancel = this.#clock.schedule(leftMs, () => this.#activate(entry));
  }

  #activate(entry: Entry): void {
    entry.cancel?.();
    entry.cancel = undefined;
    entry.state = 'active';
    let low = 0;
    let high = this.#active.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#active[middle];
      if (other !== undefined && isBefore(other, entry)) low = middle + 1;
      else high = middle;
    }
    this.#active.splice(low, 0, entry);
    this.#waiters.shift()?.();
  }
}

/** By priority, then by arrival. */
function isBefore(a: Entry, b: Entry): boolean {
  const difference = (b.pod.spec?.priority ?? 0) - (a.pod.spec?.priority ?? 0);
  return difference === 0 ? a.order < b.order : difference < 0;
}
