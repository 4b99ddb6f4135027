/** An object with some members changed: the object itself as long as none is. */
export class ChangedCopy {
  readonly #original: Readonly<Record<string, unknown>>;
  #copy: Record<string, unknown> | undefined;
  #dropped: Set<string> | undefined;

  constructor(original: Readonly<Record<string, unknown>>) {
    this.#original = original;
  }

  set(name: string, value: unknown): void {
    if (value === this.#original[name] && this.#copy === undefined) return;
    // An own property even for the key `__proto__`.
    if (name === '__proto__')
      Object.defineProperty(this.#writable(), name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else this.#writable()[name] = value;
  }

  delete(name: string): void {
    this.#dropped ??= new Set();
    this.#dropped.add(name);
  }

  get result(): Readonly<Record<string, unknown>> {
    const dropped = this.#dropped;
    if (dropped === undefined) return this.#copy ?? this.#original;
    // A copy without them, as objects that lose members become slow.
    return Object.fromEntries(Object.entries(this.#writable()).filter(([name]) => !dropped.has(name)));
  }

  #writable(): Record<string, unknown> {
    this.#copy ??= Object.fromEntries(Object.entries(this.#original));
    return this.#copy;
  }
}
