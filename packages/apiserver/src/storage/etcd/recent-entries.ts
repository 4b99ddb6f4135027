import type { StorageEntry } from '../storage.js';

const mostEntries = 4_096;
const mostBytes = 16 << 20;

/**
 * What this process last wrote or saw of some keys, the newest of them: who writes a key again (a status, a Lease) mostly
 * knows its state without asking. It may be out of date; a compare-and-swap finds that out.
 */
export class RecentEntries {
  readonly #entries = new Map<string, StorageEntry>();
  #bytes = 0;

  get(key: string): StorageEntry | undefined {
    return this.#entries.get(key);
  }

  set(entry: StorageEntry): void {
    this.delete(entry.key);
    this.#entries.set(entry.key, entry);
    this.#bytes += entry.value.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= mostEntries && this.#bytes <= mostBytes) break;
      this.delete(oldest);
    }
  }

  /** Takes a change that somebody made, where the key is known here and older. */
  update(key: string, revision: number, value: Buffer | undefined): void {
    const known = this.#entries.get(key);
    if (known === undefined || known.revision >= revision) return;
    if (value === undefined) this.delete(key);
    else this.set({ key, value, revision });
  }

  delete(key: string): void {
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= known.value.length;
  }
}
