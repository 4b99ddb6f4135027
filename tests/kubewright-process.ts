import { type ChildProcess, spawn } from 'node:child_process';
import { chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../packages/cli/bin/kubewright.js', import.meta.url));

/** Somebody without any rights: what Debian calls nobody. */
const nobody = 65_534;

/** As whom a process of kubewright runs. An ordinary user runs it as itself only. */
export const identities: readonly (readonly [title: string, uid: number | undefined])[] =
  process.geteuid?.() === 0
    ? [
        ['root', undefined],
        ['an ordinary user', nobody],
      ]
    : [['an ordinary user', undefined]];

/** A directory for data, which the process of that user may write. Whoever makes it removes it. */
export async function makeDataDirectory(uid: number | undefined): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-test-'));
  if (uid !== undefined) await chown(directory, uid, uid);
  return directory;
}

export function removeDataDirectory(directory: string): Promise<void> {
  return rm(directory, { recursive: true, force: true });
}

/** A `kubewright` process of a data directory. */
export class KubewrightProcess {
  readonly kubeconfig: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | undefined>;
  #output = '';

  private constructor(child: ChildProcess, kubeconfig: string) {
    this.#child = child;
    this.kubeconfig = kubeconfig;
    this.#exited = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? undefined)));
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString('utf8');
      });
  }

  /** Starts `kubewright COMMAND` with free ports and waits for the line that says that it is ready. */
  static async start(
    command: readonly string[],
    directory: string,
    uid?: number,
    env: Readonly<Record<string, string>> = {},
  ): Promise<KubewrightProcess> {
    const args = [program, ...command, '--port', '0', '--data-dir', join(directory, 'data')];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: directory, ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    const started = new KubewrightProcess(child, join(directory, 'data', 'kubeconfig'));
    await started.#ready();
    return started;
  }

  /** All that it has written so far. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it with a signal. @returns its exit status; undefined where the signal killed it */
  end(signal: NodeJS.Signals): Promise<number | undefined> {
    this.#child.kill(signal);
    return this.#exited;
  }

  async #ready(): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      const look = () => {
        if (/ is ready in \d+ ms at /.test(this.#output)) resolve();
      };
      this.#child.stdout?.on('data', look);
      look();
    });
    const ended = this.#exited.then((code) => {
      throw new Error(`kubewright ended with ${code}: ${this.#output}`);
    });
    await Promise.race([ready, ended]);
  }
}

/** A process of this machine, told from a later one with the same id by its start. */
export interface ProcessMark {
  readonly pid: string;
  readonly startedAt: string;
}

/** The processes whose environment has the setting, such as `POD_NAME=web-1`. */
export async function processesWith(setting: string): Promise<ProcessMark[]> {
  const found: ProcessMark[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!environment.split('\0').includes(setting)) continue;
    const startedAt = await startOf(pid);
    if (startedAt !== undefined) found.push({ pid, startedAt });
  }
  return found;
}

export async function isAlive({ pid, startedAt }: ProcessMark): Promise<boolean> {
  return (await startOf(pid)) === startedAt;
}

/** Field 22 of proc_pid_stat(5); undefined for one that has gone or is only waited for. */
async function startOf(pid: string): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
}

/** The mounts of this machine below a directory. */
export async function mountsBelow(directory: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.filter((line) => line.split(' ')[4]?.startsWith(`${directory}/`));
}
