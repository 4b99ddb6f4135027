import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A process of its own that answers each message with one, run with plain node. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<undefined>;

  constructor(file: string) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: [] });
    this.#exited = new Promise((resolve) => this.#process.once('exit', () => resolve(undefined)));
  }

  async ask<T>(message: object): Promise<T> {
    const answered = new Promise<{ result: T }>((resolve) => {
      this.#process.once('message', (result) => resolve({ result: result as T }));
    });
    this.#process.send(message);
    const answer = await Promise.race([answered, this.#exited]);
    if (answer === undefined) throw new Error('a process of the bench has ended');
    return answer.result;
  }

  close(): void {
    this.#process.kill();
  }
}
