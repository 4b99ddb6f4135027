/** From a field's value to the slots that have it. A single slot, which is common (addresses, names), is no set. */
export class FieldIndex {
  readonly #slots = new Map<string, number | Set<number>>();

  add(value: string, slot: number): void {
    const there = this.#slots.get(value);
    if (there === undefined) this.#slots.set(value, slot);
    else if (typeof there === 'number') this.#slots.set(value, new Set([there, slot]));
    else there.add(slot);
  }

  remove(value: string, slot: number): void {
    const there = this.#slots.get(value);
    if (there === slot) this.#slots.delete(value);
    else if (there instanceof Set) {
      there.delete(slot);
      if (there.size === 0) this.#slots.delete(value);
    }
  }

  get(value: string): Iterable<number> {
    const there = this.#slots.get(value) ?? [];
    return typeof there === 'number' ? [there] : there;
  }

  count(value: string): number {
    const there = this.#slots.get(value);
    return there instanceof Set ? there.size : there === undefined ? 0 : 1;
  }
}
