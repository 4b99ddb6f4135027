/**
 * One question for all who ask at the same time: who asks while one is on its way shares the next, which begins after
 * that has come back, since the answer must be at least as new as the call.
 */
export class SharedRead<T> {
  readonly #ask: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  read(): Promise<T> {
    if (this.#running === undefined) return this.#start();
    const again = () => {
      this.#next = undefined;
      return this.#start();
    };
    this.#next ??= this.#running.then(again, again);
    return this.#next;
  }

  #start(): Promise<T> {
    const running = this.#ask().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
