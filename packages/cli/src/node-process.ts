import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProcessRuntimeOptions } from '@kubewright/runtime';
import { CommandError } from './command-error.js';
import type { NodePartsMessage, NodePartsOptions } from './node-parts.js';

/** The process of the node parts, seen from `kubewright up`. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    // A signal that may not be sent, to a process of root's: it ends with the channel.
    child.on('error', () => child.disconnect());
    this.#exited = once(child, 'exit').then(([code, signal]) =>
      signal === null ? `status ${code}` : signal,
    );
  }

  /** Starts the process; it loads its code and waits for {@link prepare} and {@link start}. */
  static spawn(): NodeProcess {
    const path = fileURLToPath(new URL('./node-parts.child.js', import.meta.url));
    return new NodeProcess(fork(path, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
  }

  /** Resolves with how it ended. */
  get exited(): Promise<string> {
    return this.#exited;
  }

  /** Opens the container runtime, which takes nothing of the API server, for {@link start}. */
  prepare(runtime: ProcessRuntimeOptions): void {
    this.#send({ type: 'prepare', runtime });
  }

  /** Resolves when the node is registered. @throws CommandError with the reason why it can't be */
  async start(options: NodePartsOptions): Promise<void> {
    this.#send({ type: 'start', options });
    const answer = await Promise.race([once(this.#child, 'message'), this.#exited]);
    if (typeof answer === 'string')
      throw new CommandError(`the process of the node parts has ended with ${answer}`);
    const [message] = answer as [NodePartsMessage];
    if (message.type === 'failed') throw new CommandError(message.message);
  }

  /** Has the kubelet serve with another certificate, and take those of other authorities. PEM. */
  replaceCertificate(tls: NodePartsOptions['tls']): void {
    this.#send({ type: 'certificate', tls });
  }

  /** Lets pods end, then stops. Kills the process where that takes longer. */
  async close(withinMs: number): Promise<void> {
    this.#send({ type: 'stop' });
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    await this.#exited;
    clearTimeout(timer);
  }

  #send(message: NodePartsMessage): void {
    // One that is gone already is known by `exited`.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}
