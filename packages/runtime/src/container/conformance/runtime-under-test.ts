import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { expect, vi } from 'vitest';
import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerStatus,
  PodSandboxConfig,
  RuntimeFeatures,
} from '../container-runtime.js';

export interface ConformanceSubject {
  readonly runtime: ContainerRuntime;
  /** An existing directory that the test may write to. */
  readonly directory: string;
  /** A file of the host that containers must not see, where `isolation` is claimed. */
  readonly secret?: string;
  /** Called after the runtime was closed. */
  cleanUp(): Promise<void>;
}

export interface ConformanceOptions {
  /** What the engine will claim; nothing else is tested. */
  readonly features: RuntimeFeatures;
  /** For engines without real processes: how a container is made to exit. */
  readonly exit?: (runtime: ContainerRuntime, containerId: string, exitCode: number) => void;
}

/** The runtime that the tests of the suite share, and the pods that they make in it. */
export class RuntimeUnderTest {
  readonly options: ConformanceOptions;
  #subject: ConformanceSubject | undefined;
  #pods = 0;

  constructor(options: ConformanceOptions) {
    this.options = options;
  }

  async open(open: () => Promise<ConformanceSubject>): Promise<void> {
    this.#subject = await open();
  }

  async close(): Promise<void> {
    await this.#subject?.runtime.close();
    await this.#subject?.cleanUp();
  }

  get runtime(): ContainerRuntime {
    return this.#opened.runtime;
  }

  get directory(): string {
    return this.#opened.directory;
  }

  get secret(): string | undefined {
    return this.#opened.secret;
  }

  get #opened(): ConformanceSubject {
    if (this.#subject === undefined) throw new Error('the runtime under test is not open');
    return this.#subject;
  }

  /** Runs a sandbox with a uid of its own. */
  pod(more: Partial<PodSandboxConfig> = {}): Promise<string> {
    const number = this.#pods++;
    return this.runtime.runPodSandbox({
      name: `pod-${number}`,
      namespace: 'default',
      uid: `uid-${number}`,
      attempt: 0,
      hostname: 'a-host',
      logDirectory: this.directory,
      ...more,
    });
  }

  /** Creates a container, whose log is `SANDBOX-ID.log`. */
  container(
    sandboxId: string,
    command: readonly string[],
    more: Partial<ContainerConfig> = {},
  ): Promise<string> {
    return this.runtime.createContainer(sandboxId, {
      ...{ name: 'main', attempt: 0, image: 'none', command, logPath: `${sandboxId}.log` },
      ...more,
    });
  }

  /** Starts a container in a pod of its own. */
  async run(command: readonly string[], more: Partial<ContainerConfig> = {}) {
    const sandboxId = await this.pod();
    const id = await this.container(sandboxId, command, more);
    await this.runtime.startContainer(id);
    return { sandboxId, id, log: join(this.directory, `${sandboxId}.log`) };
  }

  exited(id: string): Promise<ContainerStatus> {
    return stateOf(this.runtime, id, 'exited');
  }

  /** Waits until a container has ended as it must; makes it end where there are no real processes. */
  end(id: string, exitCode: number): Promise<ContainerStatus> {
    this.options.exit?.(this.runtime, id, exitCode);
    return this.exited(id);
  }
}

/** Waits for a container's state by the runtime's events. */
function stateOf(
  runtime: ContainerRuntime,
  id: string,
  state: ContainerStatus['state'],
): Promise<ContainerStatus> {
  return new Promise((resolve, reject) => {
    const look = async () => {
      const status = await runtime.containerStatus(id);
      if (status.state === state) {
        unsubscribe();
        resolve(status);
      }
    };
    const unsubscribe = runtime.onEvent((event) => {
      if (event.containerId === id) look().catch(reject);
    });
    look().catch(reject);
  });
}

/** What a log's records say, without their heads. */
export function printed(log: string): string {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((record) => record !== '')
    .map((record) => record.split(' ').slice(3).join(' ') + (record.split(' ')[2] === 'P' ? '' : '\n'))
    .join('')
    .trimEnd();
}

export function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 15_000 });
}

export function logged(log: string, word: string): Promise<void> {
  return eventually(async () => expect(readFileSync(log, 'utf8')).toContain(word));
}

export async function text(stream: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return String(Buffer.concat(chunks));
}

export function echoServer(host: string, port: number): string {
  return `require('node:net').createServer({ allowHalfOpen: true }, (c) => {
    let all = ''; c.on('data', (d) => { all += d }); c.on('end', () => c.end('<' + all + '>'));
  }).listen(${port}, ${JSON.stringify(host)}, () => console.log('listening'))`;
}

/** Sends `ping`, closes that half, and reads the answer to its end. */
export async function roundTrip(connection: Duplex): Promise<string> {
  const answer = text(connection);
  connection.end('ping');
  const result = await answer;
  if (!connection.closed) await once(connection, 'close');
  return result;
}
