import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export interface SourceFile {
  /** From the root: `packages/api/src/kind.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file of the project, new ones included, but not what is made from others. */
export function sourceFiles(): SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z', '*.ts'], { cwd: root });
  return listed
    .toString()
    .split('\0')
    .filter((path) => path !== '' && !path.includes('/generated/'))
    .flatMap((path) => {
      const text = readIfThere(path);
      return text === undefined ? [] : [{ path, text }];
    });
}

/** What a file imports and exports from, type imports and dynamic ones included. */
export function importsOf(text: string): string[] {
  // Comments go first: examples in them import, too.
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const found = code.matchAll(
    /(?:^|[;\s])(?:import|export)\s(?:[^'";]*?\sfrom\s+)?'([^'\n]+)'|\bimport\(\s*'([^'\n]+)'\s*\)/g,
  );
  return [...found].map(([, named, dynamic]) => named ?? dynamic ?? '');
}

// A file that is listed by git may have been deleted in the work tree.
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
