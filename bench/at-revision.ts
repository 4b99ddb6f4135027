import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../tools/source-files.js';
import type { Comparison } from './compare.js';

/** Whether git knows the revision. */
export function isCommit(revision: string): boolean {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  return spawnSync('git', args, { cwd: root, stdio: 'ignore' }).status === 0;
}

/** Runs the same comparisons as of another commit, in a checkout of its own that goes afterwards. */
export function resultsAt(revision: string, words: readonly string[]): Comparison[] {
  const directory = mkdtempSync(join(tmpdir(), 'kubewright-bench-'));
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const npm = (...args: string[]) =>
    execFileSync('npm', args, { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  git('worktree', 'add', '--detach', directory, revision);
  try {
    npm('ci');
    npm('run', 'bench', '--', ...words);
    const text = readFileSync(join(directory, 'bench/results.json'), 'utf8');
    return (JSON.parse(text) as { results: Comparison[] }).results;
  } finally {
    git('worktree', 'remove', '--force', directory);
    rmSync(directory, { recursive: true, force: true });
  }
}
