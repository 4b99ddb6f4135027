import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../tools/source-files.js';

/** The command as a user has it: what was built, in a process of its own. */
export const bin = join(root, 'packages/cli/bin/kubewright.js');

export interface Run {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly output: () => string;
  /** Resolves when the output has it. @throws when the command ends before */
  seen(text: string): Promise<void>;
  /** Status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

export interface RunOptions {
  readonly cwd: string;
  /** Runs as the user `nobody`, which only root may ask for. */
  readonly ordinaryUser?: boolean;
}

export function kubewright(args: readonly string[], { cwd, ordinaryUser = false }: RunOptions): Run {
  const command = [process.execPath, bin, ...args];
  const [program = '', ...rest] =
    ordinaryUser && process.geteuid?.() === 0
      ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...command]
      : command;
  const child = spawn(program, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const checks = new Set<() => void>();
  const take = (chunk: Buffer) => {
    text += chunk.toString();
    for (const check of checks) check();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return {
    child,
    output: () => text,
    ended,
    seen: (wanted) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!text.includes(wanted)) return;
          checks.delete(check);
          resolve();
        };
        checks.add(check);
        check();
        ended.then((how) => reject(new Error(`kubewright ended with ${how} and said: ${text}`)));
      }),
  };
}

/** Processes whose parent, or parent's parent and so on, is this one. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const direct = text
    .split(' ')
    .filter((part) => part !== '')
    .map(Number);
  const below = await Promise.all(direct.map(childrenOf));
  return [...direct, ...below.flat()];
}
