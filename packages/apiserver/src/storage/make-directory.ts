import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a directory, and those above it that are missing; nothing where it is there. In the place of Node's recursive
 * `mkdir`, which takes "no such file" for a missing parent whatever parent there is: of a file system that answers so
 * for every name (`/proc`) it asks without an end, and a read-only one it calls a missing directory.
 * @throws the system's error for the first directory that can't be made
 */
export async function makeDirectory(directory: string, mode: number): Promise<void> {
  try {
    await mkdir(directory, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(directory)).isDirectory()) return;
    const parent = dirname(directory);
    if (code !== 'ENOENT' || parent === directory || (await isThere(parent))) throw error;
    await makeDirectory(parent, mode);
    await makeDirectory(directory, mode);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}
