import type { Decide, StorageEntry } from './storage.js';

/** The newest state of a key in an engine that alone decides what is written. */
export interface Newest {
  readonly entry: StorageEntry | undefined;
  /** Settles with the flush that this state waits for; undefined where it is durable. */
  readonly durable: Promise<void> | undefined;
}

/** What {@link decideAndAccept} needs of an engine. */
export interface SingleWriter {
  /** Durable or not. @throws where the engine is closed. */
  newest(key: string): Newest;
  /**
   * Gives the change the next revision and makes it the newest state, at once; resolves with the revision when it is
   * durable and published.
   */
  accept(key: string, value: Uint8Array | undefined, previous: StorageEntry | undefined): Promise<number>;
}

/**
 * `Storage.write` for an engine whose process is the only writer: comparing in memory is enough, and a synchronous
 * `decide` runs once.
 */
export async function decideAndAccept(writer: SingleWriter, key: string, decide: Decide): Promise<number> {
  for (;;) {
    const seen = writer.newest(key);
    let decision = attempt(decide, seen.entry);
    if (decision instanceof Promise) decision = await decision;
    if ('refusal' in decision) {
      await seen.durable;
      throw decision.refusal;
    }
    const nothingToDo = 'keep' in decision || ('delete' in decision && seen.entry === undefined);
    if (nothingToDo) {
      await seen.durable;
      return seen.entry?.revision ?? 0;
    }
    const now = writer.newest(key);
    if (now.entry?.revision === seen.entry?.revision) {
      return writer.accept(key, 'put' in decision ? decision.put : undefined, now.entry);
    }
    // Somebody else was faster. Let the flush and other requests have a turn before the next attempt.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

type Outcome = Awaited<ReturnType<Decide>> | { readonly refusal: unknown };

function attempt(decide: Decide, entry: StorageEntry | undefined): Outcome | Promise<Outcome> {
  const refuse = (refusal: unknown): Outcome => ({ refusal });
  try {
    const decision = decide(entry);
    return decision instanceof Promise ? decision.catch(refuse) : decision;
  } catch (error) {
    return refuse(error);
  }
}

/** The writer's own bytes where they are a buffer: who reads them next may know what they were made of. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
