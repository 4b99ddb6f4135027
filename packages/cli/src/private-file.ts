import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { unusableFile } from './command-error.js';

/** Writes a whole file or none, readable for its owner only. */
export async function writePrivate(file: string, text: string): Promise<void> {
  if ((await readIfThere(file)) === text) {
    await chmod(file, 0o600);
    return;
  }
  try {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (cause) {
    throw unusableFile(file, cause);
  }
}

/** The text of a file; undefined where there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
