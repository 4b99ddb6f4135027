import { readdir, readFile } from 'node:fs/promises';
import { type MachineLock, takeMachineLock } from '../../machine-lock.js';
import { type Cgroups, cgroupDirectories, removeCgroups } from './cgroup.js';
import type { Host } from './host.js';
import { killLeftovers } from './leftovers.js';
import { removeBridge } from './network.js';

/**
 * Takes the name under which an engine keeps its bridge and its cgroups: before it makes any, until they are gone.
 * Undefined where another process has it.
 */
export function takeEngineLock(
  name: string,
  options?: { readonly patient?: boolean },
): Promise<MachineLock | undefined> {
  return takeMachineLock(`kubewright-runtime-${name}`, options);
}

/** The name of an engine's cgroups. */
export function cgroupName(engine: string): string {
  return `kubewright-${engine}`;
}

const engineName = /^kw[0-9a-f]{8}$/;

/**
 * Removes the bridges and cgroups of engines that were killed and won't come back, their data directories being gone,
 * say. Whose name nobody has is dead: an engine has it before it makes anything, and meanwhile we have it. Returns what
 * could not be removed, in sentences. Needs root.
 */
export async function removeDeadEngines(host: Host, cgroups: Cgroups | undefined): Promise<string[]> {
  const names = new Set(await bridges());
  for (const directory of cgroups === undefined ? [] : cgroupDirectories(cgroups))
    for (const entry of await readdir(directory)) {
      const name = entry.slice(cgroupName('').length);
      if (entry === cgroupName(name) && engineName.test(name)) names.add(name);
    }
  const failures: string[] = [];
  for (const name of names) {
    const lock = await takeEngineLock(name);
    if (lock === undefined) continue;
    try {
      await killLeftovers(name);
      await removeBridge(name, host);
      if (cgroups !== undefined) await removeCgroups({ ...cgroups, name: cgroupName(name) });
    } catch (error) {
      failures.push(
        `what the killed engine ${name} left behind can't be removed: ${(error as Error).message}`,
      );
    } finally {
      await lock.release();
    }
  }
  return failures;
}

async function bridges(): Promise<string[]> {
  const links = (await readFile('/proc/net/dev', 'utf8')).match(/^\s*[^\s:]+(?=:)/gm) ?? [];
  return links.map((link) => link.trim()).filter((link) => engineName.test(link));
}
