import { afterEach, beforeEach } from 'vitest';
import { KubewrightProcess, makeDataDirectory, removeDataDirectory } from './kubewright-process.js';

/** What {@link kubewrightOfEachTest} gives. */
export interface KubewrightOfTest {
  /** The test's own. */
  readonly directory: string;
  /** Starts a process of this directory, or of another one. It ends with the test. */
  start(command: readonly string[], options?: StartOptions): Promise<KubewrightProcess>;
}

export interface StartOptions {
  /** @default the test's own */
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Gives each test of the file a directory, which goes with it, as do the processes that it starts. */
export function kubewrightOfEachTest(): KubewrightOfTest {
  let own = '';
  const running: KubewrightProcess[] = [];
  beforeEach(async () => {
    own = await makeDataDirectory(undefined);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((process) => process.end('SIGKILL')));
    await removeDataDirectory(own);
  });
  return {
    get directory() {
      return own;
    },
    start: async (command, { directory = own, env } = {}) => {
      const process = await KubewrightProcess.start(command, directory, undefined, env);
      running.push(process);
      return process;
    },
  };
}
