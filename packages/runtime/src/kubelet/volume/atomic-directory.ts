import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface ProjectedFile {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

/** Files by their path below the volume, with `/` between the parts. */
export type ProjectedFiles = ReadonlyMap<string, ProjectedFile>;

const dataLink = '..data';

/**
 * Makes a directory show exactly these files, all of them changing at once for whoever reads: the files are in a
 * directory of their own, `..data` is a link to it that is replaced by a rename, and each name is a link through
 * `..data`. Does nothing where all is as it should be. Answers whether anything changed.
 * `group` is given all of it; `stamp` is no name that was used before.
 * Source: the layout of ConfigMap volumes, which programs watch `..data` for.
 */
export async function writeAtomically(
  directory: string,
  files: ProjectedFiles,
  { stamp, group }: { readonly stamp: string; readonly group?: number },
): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  for (const path of files.keys()) checkPath(path);
  const current = await linkTarget(join(directory, dataLink));
  if (current !== undefined && (await sameFiles(join(directory, current), files))) return false;

  const fresh = `..${stamp}`;
  await mkdir(join(directory, fresh), { mode: 0o755 });
  for (const [path, { data, mode }] of files) {
    const target = join(directory, fresh, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, data, { mode });
    await chmod(target, mode);
  }
  if (group !== undefined) await giveTo(group, [directory, join(directory, fresh)]);
  const temporary = join(directory, `${dataLink}_tmp`);
  await rm(temporary, { force: true });
  await symlink(fresh, temporary);
  await rename(temporary, join(directory, dataLink));

  const visible = new Set([...files.keys()].map((path) => path.split('/')[0]!));
  for (const name of visible)
    if ((await linkTarget(join(directory, name))) === undefined)
      await symlink(`${dataLink}/${name}`, join(directory, name));
  for (const name of await readdir(directory)) {
    const stale = name.startsWith('..') ? name !== dataLink && name !== fresh : !visible.has(name);
    if (stale) await rm(join(directory, name), { recursive: true, force: true });
  }
  return true;
}

/** The first directory is itself only; below the second is all that is new. */
async function giveTo(group: number, [directory, fresh]: readonly [string, string]): Promise<void> {
  const entries = await readdir(fresh, { recursive: true });
  for (const path of [directory, fresh, ...entries.map((entry) => join(fresh, entry))])
    await chown(path, process.getuid?.() ?? 0, group);
}

/** @throws Error for a path that leads out of the volume or into its bookkeeping */
function checkPath(path: string): void {
  const parts = path.split('/');
  if (path === '' || path.startsWith('/') || parts.includes('..') || parts[0]!.startsWith('..'))
    throw new Error(`invalid path "${path}": must be relative and must not contain ".." or start with it`);
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function sameFiles(directory: string, files: ProjectedFiles): Promise<boolean> {
  const found = new Set<string>();
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
  if (entries === undefined) return false;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const relative = path.slice(directory.length + 1);
    const wanted = files.get(relative);
    if (wanted === undefined) return false;
    if (((await lstat(path)).mode & 0o7777) !== wanted.mode) return false;
    if (!(await readFile(path)).equals(wanted.data)) return false;
    found.add(relative);
  }
  return found.size === files.size;
}
