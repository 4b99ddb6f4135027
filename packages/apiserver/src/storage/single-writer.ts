import { setImmediate as turn } from 'node:timers/promises';
import type { Decide, Decision, StorageEntry } from './storage.js';

/** The newest state of a key in an engine that alone decides what is written. */
export interface Newest {
  readonly entry: StorageEntry | undefined;
  /** Settles with the flush that this state waits for; undefined where it is durable. */
  readonly durable: Promise<void> | undefined;
}

/** What {@link decideAndAccept} needs of an engine; `N` is what it wants to know again when it accepts. */
export interface SingleWriter<N extends Newest = Newest> {
  /** Durable or not. @throws where the engine is closed, or the key can't be. */
  newest(key: string): N;
  /**
   * Gives the change the next revision and makes it the newest state, at once; resolves with the revision when it is
   * durable and published. `newest` is the key's state up to then.
   */
  accept(key: string, value: Uint8Array | undefined, newest: N): Promise<number>;
}

/**
 * `Storage.write` for an engine whose process is the only writer: comparing in memory is enough, and a synchronous
 * `decide` runs once, against a state that nothing can change until it is accepted.
 */
export function decideAndAccept<N extends Newest>(
  writer: SingleWriter<N>,
  key: string,
  decide: Decide,
): Promise<number> {
  let seen: N | undefined;
  try {
    seen = writer.newest(key);
    const decision = decide(seen.entry);
    if (decision instanceof Promise) return decideLater(writer, key, { decide, seen, decision });
    return settle(writer, key, decision, seen);
  } catch (error) {
    return refuse(seen, error);
  }
}

async function decideLater<N extends Newest>(
  writer: SingleWriter<N>,
  key: string,
  first: { readonly decide: Decide; readonly seen: N; readonly decision: Promise<Decision> },
): Promise<number> {
  let { seen, decision }: { seen: N; decision: Decision | Promise<Decision> } = first;
  for (;;) {
    let made: Decision;
    try {
      made = await decision;
    } catch (refusal) {
      return refuse(seen, refusal);
    }
    if (changesNothing(made, seen)) return settle(writer, key, made, seen);
    const now = writer.newest(key);
    if (now.entry?.revision === seen.entry?.revision) return settle(writer, key, made, now);
    // Somebody else was faster. Let the flush and other requests have a turn before the next attempt.
    await turn();
    seen = writer.newest(key);
    try {
      decision = first.decide(seen.entry);
    } catch (refusal) {
      return refuse(seen, refusal);
    }
  }
}

function settle<N extends Newest>(
  writer: SingleWriter<N>,
  key: string,
  decision: Decision,
  seen: N,
): Promise<number> {
  if (changesNothing(decision, seen)) return whenDurable(seen);
  return writer.accept(key, 'put' in decision ? decision.put : undefined, seen);
}

function changesNothing(decision: Decision, seen: Newest): boolean {
  return 'keep' in decision || ('delete' in decision && seen.entry === undefined);
}

async function whenDurable(seen: Newest): Promise<number> {
  await seen.durable;
  return seen.entry?.revision ?? 0;
}

/** A refusal leaves when what it saw is durable. */
async function refuse(seen: Newest | undefined, refusal: unknown): Promise<never> {
  await seen?.durable;
  throw refusal;
}

/** The writer's own bytes where they are a buffer: who reads them next may know what they were made of. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
