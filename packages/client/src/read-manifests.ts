import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubewright/api';
import { parseManifests } from './parse-manifests.js';

export interface ReadManifestsOptions {
  /** Looks into directories of directories too. @default false */
  readonly recursive?: boolean | undefined;
}

/**
 * The objects of a file, or of all `.yaml`, `.yml` and `.json` files of a directory, in the order of their names. A
 * file may hold several documents, and Lists, whose items count. @throws Error that names the file
 */
export async function readManifests(
  path: string,
  options: ReadManifestsOptions = {},
): Promise<KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  for (const file of await filesOf(path, options.recursive ?? false))
    objects.push(...(await parseManifests(await readFile(file, 'utf8'), file)));
  if (objects.length === 0) throw new Error(`${path} holds no objects`);
  return objects;
}

async function filesOf(path: string, recursive: boolean): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const files: string[] = [];
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) files.push(...(recursive ? await filesOf(inside, true) : []));
    else if (/\.(?:ya?ml|json)$/.test(entry.name)) files.push(inside);
  }
  return files;
}
