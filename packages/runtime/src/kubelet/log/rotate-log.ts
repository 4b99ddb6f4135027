import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface RotationLimits {
  /** A log is rotated beyond this. */
  readonly maxBytes: number;
  /** Files that are kept, the one that is written to included. */
  readonly maxFiles: number;
}

/** The kubelet's defaults: `containerLogMaxSize` and `containerLogMaxFiles`. */
export const rotationLimits: RotationLimits = { maxBytes: 10 * 2 ** 20, maxFiles: 5 };

/**
 * Keeps a log within its bounds: renames it, and asks whoever writes to go on in a new file. Answers whether it did.
 */
export async function rotateLog(
  path: string,
  { limits, stamp, reopen }: { limits: RotationLimits; stamp: string; reopen: () => Promise<void> },
): Promise<boolean> {
  const size = await stat(path).then(
    (found) => found.size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 0;
      throw error;
    },
  );
  if (size <= limits.maxBytes) return false;
  const directory = dirname(path);
  const name = basename(path);
  await rename(path, join(directory, `${name}.${stamp}`));
  await reopen();
  const old = (await readdir(directory)).filter((other) => other.startsWith(`${name}.`)).sort();
  for (const other of old.slice(0, Math.max(0, old.length - (limits.maxFiles - 1))))
    await rm(join(directory, other), { force: true });
  return true;
}
