/** What happened in a run, in order, for people. */
export class Trace {
  readonly #lines: string[] = [];
  #time: number;

  constructor(startMs: number) {
    this.#time = startMs;
  }

  add(now: number, who: string, what: string): void {
    const passed = now - this.#time;
    if (passed >= 1) this.#lines.push(`      ${'·'.padEnd(13)} ${describeDuration(passed)} later`);
    this.#time = now;
    this.#lines.push(`${String(this.#lines.length + 1).padStart(4)}  ${who.padEnd(13)} ${what}`);
  }

  toString(): string {
    return this.#lines.join('\n');
  }
}

function describeDuration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
}
