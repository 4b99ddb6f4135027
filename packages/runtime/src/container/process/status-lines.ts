import type { Readable } from 'node:stream';
import { ContainerRuntimeError } from '../container-runtime.js';

/**
 * What a script of ours says about its progress: lines that begin with a word that is waited for. All other lines are
 * complaints of its tools, which become the error where the script ends instead.
 */
export class StatusLines {
  #text = '';
  #ended = false;
  #error: Error | undefined;
  readonly #complaints: string[] = [];
  #wake: (() => void) | undefined;

  constructor(stream: Readable) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#text += text;
      this.#wake?.();
    });
    stream.on('error', (error) => this.fail(error));
    stream.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#ended = true;
    this.#wake?.();
  }

  /** What follows `word` on its line. Rejects with `StartFailed` where the script ends without that line. */
  async expect(word: string): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        if (line === word || line.startsWith(`${word} `)) return line.slice(word.length + 1);
        // Bounded: a tool that goes mad must not fill the memory.
        if (this.#complaints.length < 20) this.#complaints.push(line.slice(0, 500));
        continue;
      }
      if (this.#ended) {
        const message = [...this.#complaints, this.#text.slice(0, 500)]
          .filter((line) => line !== '')
          .join('; ');
        throw new ContainerRuntimeError(
          'StartFailed',
          message || this.#error?.message || 'ended before it was ready',
          {
            cause: this.#error,
          },
        );
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
