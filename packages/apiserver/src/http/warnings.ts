/** Of all warnings of an answer, in characters: beyond it each is cut short, and then no more are sent. */
const mostCharacters = 4 * 1024;
const mostOfOne = 256;

/**
 * The warnings of one answer, each of them once, and no more than clients take in headers.
 * Source: apiserver's `WithWarningRecorder`.
 */
export class Warnings {
  readonly #told = new Set<string>();
  #sent: string[] = [];
  #characters = 0;
  #cuts = false;

  add(text: string): void {
    if (text === '' || this.#told.has(text) || (this.#cuts && this.#characters >= mostCharacters)) return;
    this.#told.add(text);
    if (!this.#cuts && this.#characters + charactersOf(text) > mostCharacters) {
      this.#cuts = true;
      this.#characters = 0;
      this.#sent = [];
      for (const one of this.#told) this.#send(one);
    } else this.#send(text);
  }

  /** In the order in which they came. */
  get sent(): readonly string[] {
    return this.#sent;
  }

  #send(text: string): void {
    const sent = this.#cuts ? [...text].slice(0, mostOfOne).join('') : text;
    this.#characters += charactersOf(sent);
    this.#sent.push(sent);
  }
}

/** As Go counts them; most texts have none that is two units of JavaScript's. */
function charactersOf(text: string): number {
  return /[\ud800-\udfff]/.test(text) ? [...text].length : text.length;
}
