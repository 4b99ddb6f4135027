import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../tools/source-files.js';

/** A process of its own that answers each message with one, run with plain node. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<undefined>;

  /** @param options `asServer` runs it with the flags of Node that the `kubewright` command has */
  constructor(file: string, { asServer = false }: { readonly asServer?: boolean } = {}) {
    const execArgv = asServer ? commandFlags() : [];
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv });
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

/** What stands behind `node` in the first line of the command. */
function commandFlags(): string[] {
  const [first = ''] = readFileSync(join(root, 'packages/cli/bin/kubewright.js'), 'utf8').split('\n');
  return first.split(' ').filter((word) => word.startsWith('--'));
}
