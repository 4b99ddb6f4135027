import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The kubectl of these tests: `$KUBECTL`, else the one on the PATH; undefined where there is none. */
export const kubectlPath = findKubectl();

if (kubectlPath === undefined)
  console.warn('SKIPPED: there is no kubectl: set $KUBECTL or put one on the PATH to run its tests');

const directories = [
  '/usr/lib/google-cloud-sdk/bin',
  ...(process.env.KUBECTLS === undefined ? [] : [process.env.KUBECTLS]),
];

/**
 * Other versions of kubectl on this machine, which are tested as well: `kubectl.1.27` beside gcloud's or in the
 * directory `$KUBECTLS`.
 */
export const otherKubectls: readonly (readonly [version: string, path: string])[] = Array.from(
  { length: 14 },
  (_, index) => `1.${20 + index}`,
)
  .flatMap((version) =>
    directories.map((directory) => [version, join(directory, `kubectl.${version}`)] as const),
  )
  .filter(([, path]) => existsSync(path));

function findKubectl(): string | undefined {
  const { KUBECTL } = process.env;
  if (KUBECTL !== undefined && KUBECTL !== '') return KUBECTL;
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One kubectl against one cluster. Arguments are given as one line, split at spaces, or as a list. */
export class Kubectl {
  readonly #path: string;
  readonly #kubeconfig: string;
  readonly #running = new Set<ChildProcess>();

  constructor(kubeconfig: string, path = kubectlPath ?? 'kubectl') {
    this.#path = path;
    this.#kubeconfig = kubeconfig;
  }

  /** Starts it and leaves it running until {@link close}. */
  start(args: string | readonly string[], options: RunOptions = {}): ChildProcess {
    const list = typeof args === 'string' ? args.split(' ') : args;
    const child = spawn(this.#path, list, { env: this.#env(options), stdio: ['pipe', 'pipe', 'pipe'] });
    // One that has ended reads no more.
    child.stdin?.on('error', () => undefined);
    this.#running.add(child);
    child.on('close', () => this.#running.delete(child));
    return child;
  }

  /** Runs it to its end, whatever that is. */
  run(args: string | readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = this.start(args, options);
    child.stdin?.end(options.input ?? '');
    return ended(child);
  }

  /** Runs it and expects that it succeeds. @returns what it wrote to its standard output */
  async ok(args: string | readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, out, err } = await this.run(args, options);
    if (code !== 0) throw new Error(`kubectl ${String(args)} ended with ${code}: ${err}${out}`);
    return out;
  }

  /** Runs it and expects that it fails. @returns what it wrote to its standard error */
  async fails(args: string | readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, out, err } = await this.run(args, options);
    if (code === 0) throw new Error(`kubectl ${String(args)} succeeded: ${out}`);
    return err;
  }

  close(): void {
    for (const child of this.#running) child.kill('SIGKILL');
  }

  #env({ env }: RunOptions): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: homedir(),
      LANG: 'C',
      KUBECONFIG: this.#kubeconfig,
      ...env,
    };
  }
}

/** Waits for a process and collects what it writes. */
export function ended(child: ChildProcess): Promise<Ran> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({
        code: code ?? (signal === null ? 1 : 128),
        out: Buffer.concat(out).toString('utf8'),
        err: Buffer.concat(err).toString('utf8'),
      }),
    );
  });
}

/** What a child has written to its standard output so far, grown as it writes. */
export function following(child: ChildProcess): { readonly text: () => string } {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  return { text: () => text };
}
