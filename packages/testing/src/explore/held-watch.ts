import type { TransportResponse } from '@kubewright/client';
import { expiredWatch } from '../simulated-answer.js';

/** One event of a watch on its way to a cache. */
export interface HeldEvent {
  /** `ADDED pods default/a`, for people. */
  readonly text: string;
  /** The line as the server sent it. */
  readonly line: string;
  /** Its place among all that waits. */
  readonly order: number;
}

/** What passes at once: a stream's first list is the state that the cache starts from. */
const initialEventsEnd = 'k8s.io/initial-events-end';

/** A watch whose events wait until they are let through one by one. */
export class HeldWatch {
  readonly plural: string;
  readonly #pending: HeldEvent[] = [];
  readonly #passed: Uint8Array[] = [];
  readonly #nextOrder: () => number;
  #isListing: boolean;
  #wake: (() => void) | undefined;
  /** Set when the watch is over: how it ends once all that passed is read. */
  #end: { readonly error?: Error } | undefined;

  /** @param options `nextOrder` numbers what waits, here and elsewhere, in the order in which it came */
  constructor(plural: string, options: { readonly listsFirst: boolean; readonly nextOrder: () => number }) {
    this.plural = plural;
    this.#isListing = options.listsFirst;
    this.#nextOrder = options.nextOrder;
  }

  /** The next event that waits. */
  get next(): HeldEvent | undefined {
    return this.#pending[0];
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Lets the next event through. */
  deliver(): void {
    const event = this.#pending.shift();
    if (event !== undefined) this.#pass(event.line);
  }

  /** Its reader is no more: nothing comes to it ever again, not even an end. */
  abandon(): void {
    this.#pending.length = 0;
    this.#end = {};
    this.#wake = undefined;
  }

  /** Ends the watch as a server does that has forgotten its revision. */
  expire(): void {
    this.#pending.length = 0;
    this.#passed.push(expiredWatch());
    this.#finish({});
  }

  /** Reads what the server sends, until it ends. Calls back for each piece. */
  async pump(response: TransportResponse, onActivity: () => void): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const chunk of response.body) {
        if (this.isOver) return;
        rest += decoder.decode(chunk, { stream: true });
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') this.#take(line);
        onActivity();
      }
      this.#finish({});
    } catch (error) {
      this.#finish({ error: error instanceof Error ? error : new Error(String(error)) });
    }
    onActivity();
  }

  /** What the cache reads. */
  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = this.#passed.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      } else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #take(line: string): void {
    const event = JSON.parse(line) as WatchLine;
    const isListEnd = event.object?.metadata?.annotations?.[initialEventsEnd] === 'true';
    if (this.#isListing || (event.type === 'BOOKMARK' && this.#pending.length === 0)) {
      if (isListEnd) this.#isListing = false;
      this.#pass(line);
      return;
    }
    this.#pending.push({ text: describe(event, this.plural), line, order: this.#nextOrder() });
  }

  #pass(line: string): void {
    this.#passed.push(new TextEncoder().encode(`${line}\n`));
    this.#wake?.();
  }

  #finish(end: { readonly error?: Error }): void {
    this.#end ??= end;
    this.#wake?.();
  }
}

interface WatchLine {
  readonly type: string;
  readonly object?: {
    readonly metadata?: {
      readonly name?: string;
      readonly namespace?: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
  };
}

function describe({ type, object }: WatchLine, plural: string): string {
  const { name = '', namespace = '' } = object?.metadata ?? {};
  return `${type} ${plural} ${namespace === '' ? name : `${namespace}/${name}`}`.trim();
}
