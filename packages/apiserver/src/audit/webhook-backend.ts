import { encodeJson } from '@kubewright/api';
import type { Transport } from '@kubewright/client';
import type { AuditBackend, AuditEvent, OnLost, OpenAuditBackend } from './audit-event.js';
import { truncated } from './truncate.js';

/** How many events may wait, how many go at once, and how long one waits for others. Upstream's defaults. */
export interface BatchOptions {
  /** @default 10000; events beyond are dropped and counted */
  readonly bufferSize?: number;
  /** @default 400 */
  readonly maxSize?: number;
  /** @default 30000 */
  readonly maxWaitMs?: number;
  /** Batches a second on average. @default 10 */
  readonly throttleQps?: number;
  /** Batches at once. @default 15 */
  readonly throttleBurst?: number;
}

export interface AuditWebhookOptions {
  /** To the address that events are sent to. The backend closes it. */
  readonly transport: Transport;
  readonly batch?: BatchOptions;
  /** Bytes beyond which an event loses its objects. @default never */
  readonly maxEventBytes?: number | undefined;
  /** Before the first further try, then each time one and a half times as long. @default 10000 */
  readonly initialBackoffMs?: number;
}

/** As upstream: how often a batch is tried. */
const attempts = 5;
const requestMs = 30_000;
const maxBatchBytes = 10 * 1024 * 1024;

/** Sends events in batches to another server. Source: "Webhook backend" and "Batching" of the Auditing page. */
export function auditWebhook(options: AuditWebhookOptions): OpenAuditBackend {
  return (onLost) => new AuditWebhook(options, onLost);
}

class AuditWebhook implements AuditBackend {
  readonly name = 'webhook';
  readonly #options: AuditWebhookOptions;
  readonly #onLost: OnLost;
  readonly #batch: Required<BatchOptions>;
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #tokens: number;
  #filledAt = performance.now();
  readonly #closing = new AbortController();

  constructor(options: AuditWebhookOptions, onLost: OnLost) {
    this.#options = options;
    this.#onLost = onLost;
    const defaults = {
      bufferSize: 10_000,
      maxSize: 400,
      maxWaitMs: 30_000,
      throttleQps: 10,
      throttleBurst: 15,
    };
    this.#batch = { ...defaults, ...options.batch };
    this.#tokens = this.#batch.throttleBurst;
  }

  write(event: AuditEvent): void {
    const { maxEventBytes } = this.#options;
    if (this.#waiting.length >= this.#batch.bufferSize) {
      this.#onLost(new Error('audit buffer queue blocked'), 1);
      return;
    }
    const text = truncated(event, maxEventBytes);
    if (text === undefined) this.#onLost(new Error('event is too large even after truncating'), 1);
    else this.#waiting.push(text);
    if (this.#waiting.length >= this.#batch.maxSize) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), this.#batch.maxWaitMs).unref();
  }

  /** Sends what still waits, without waiting between tries any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#sending !== undefined || this.#waiting.length > 0) {
      this.#send();
      await this.#sending;
    }
    await this.#options.transport.close();
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending !== undefined || this.#waiting.length === 0) return;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = undefined;
      if (this.#waiting.length > 0)
        this.#timer ??= setTimeout(() => this.#send(), this.#batch.maxWaitMs).unref();
    });
  }

  async #sendAll(): Promise<void> {
    const { maxSize } = this.#batch;
    do {
      await this.#throttle();
      const batch = this.#take(maxSize);
      try {
        await this.#post(batch);
      } catch (error) {
        this.#onLost(error instanceof Error ? error : new Error(String(error)), batch.length);
      }
    } while (this.#waiting.length >= maxSize || (this.#closing.signal.aborted && this.#waiting.length > 0));
  }

  #take(most: number): string[] {
    let bytes = 0;
    let count = 0;
    for (const text of this.#waiting) {
      if (count === most || (count > 0 && bytes + text.length > maxBatchBytes)) break;
      bytes += text.length;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #throttle(): Promise<void> {
    const { throttleQps, throttleBurst } = this.#batch;
    const now = performance.now();
    this.#tokens = Math.min(throttleBurst, this.#tokens + ((now - this.#filledAt) / 1000) * throttleQps);
    this.#filledAt = now;
    if (this.#tokens < 1) await this.#pause(((1 - this.#tokens) / throttleQps) * 1000);
    this.#tokens = Math.max(0, this.#tokens - 1);
  }

  async #post(batch: readonly string[]): Promise<void> {
    const list = encodeJson({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {} });
    const body = `${list.slice(0, -1)},"items":[${batch.join(',')}]}`;
    const { transport, initialBackoffMs = 10_000 } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        const { status, body: answer } = await transport.request({
          method: 'POST',
          path: '',
          headers: { 'content-type': 'application/json', accept: 'application/json' },
          body,
          signal: AbortSignal.timeout(requestMs),
        });
        for await (const _ of answer);
        if (status >= 200 && status < 300) return;
        throw new Error(`the audit webhook answered ${status}`);
      } catch (error) {
        if (attempt === attempts) throw error;
        await this.#pause(initialBackoffMs * 1.5 ** (attempt - 1));
      }
    }
  }

  /** Waits, unless the backend is closing. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    });
  }
}
