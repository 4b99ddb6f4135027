import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerResources } from '../container-runtime.js';
import { killIfThere } from './proc.js';

/** The cgroup hierarchies that may be used here. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Controller to the directory below which ours is; with version 2 they are all the same. */
  readonly mounts: Readonly<Partial<Record<'memory' | 'cpu', string>>>;
  /** The name of our directory, of this data directory alone. */
  readonly name: string;
}

const cgroupRoot = '/sys/fs/cgroup';

/** Looks for hierarchies that this process may write to. Returns why not, where it finds none. */
export async function openCgroups(name: string): Promise<Cgroups | string> {
  const unified = await readFile(join(cgroupRoot, 'cgroup.controllers'), 'utf8').catch(absent);
  if (unified !== undefined) {
    const wanted = (['memory', 'cpu'] as const).filter((controller) =>
      unified.split(/\s+/).includes(controller),
    );
    if (wanted.length === 0) return 'no memory or cpu controller is delegated';
    try {
      await mkdir(join(cgroupRoot, name), { recursive: true });
      const enable = wanted.map((controller) => `+${controller}`).join(' ');
      await writeFile(join(cgroupRoot, 'cgroup.subtree_control'), enable);
      await writeFile(join(cgroupRoot, name, 'cgroup.subtree_control'), enable);
    } catch (error) {
      return `${cgroupRoot} may not be written: ${(error as NodeJS.ErrnoException).code}`;
    }
    return {
      version: 2,
      mounts: Object.fromEntries(wanted.map((controller) => [controller, cgroupRoot])),
      name,
    };
  }
  const mounts: Partial<Record<'memory' | 'cpu', string>> = {};
  for (const controller of ['memory', 'cpu'] as const) {
    const mount = join(cgroupRoot, controller);
    const usable = await access(join(mount, 'cgroup.procs'), constants.W_OK).then(
      () => true,
      () => false,
    );
    if (usable) {
      await mkdir(join(mount, name), { recursive: true });
      mounts[controller] = mount;
    }
  }
  return mounts.memory === undefined && mounts.cpu === undefined
    ? `no memory or cpu hierarchy below ${cgroupRoot} may be written`
    : { version: 1, mounts, name };
}

/** The group of one container. */
export interface Cgroup {
  /** Writing 0 to each moves the writer. */
  readonly procs: readonly string[];
  /** Whether the kernel has killed one of its processes for want of memory. */
  oomKilled(): Promise<boolean>;
  /** Once its processes are gone. */
  remove(): Promise<void>;
}

/** Source of the figures: the kubelet's own (shares from milli-CPUs, quota over 100 ms periods). */
export async function createCgroup(
  cgroups: Cgroups,
  id: string,
  resources: ContainerResources,
): Promise<Cgroup> {
  const directory = (controller: 'memory' | 'cpu') =>
    cgroups.mounts[controller] === undefined ? undefined : join(cgroups.mounts[controller], cgroups.name, id);
  const [memory, cpu] = [directory('memory'), directory('cpu')];
  const directories = [...new Set([memory, cpu].filter((path) => path !== undefined))];
  for (const path of directories) await mkdir(path, { recursive: true });
  const { memoryLimit, cpuLimitMillis, cpuRequestMillis } = resources;
  const v1 = cgroups.version === 1;
  if (memory !== undefined && memoryLimit !== undefined) {
    await writeFile(join(memory, v1 ? 'memory.limit_in_bytes' : 'memory.max'), String(memoryLimit));
    if (!v1) await writeFile(join(memory, 'memory.oom.group'), '1');
  }
  if (cpu !== undefined && cpuLimitMillis !== undefined) {
    const quota = Math.max(1000, cpuLimitMillis * 100);
    if (v1) await writeFile(join(cpu, 'cpu.cfs_quota_us'), String(quota));
    else await writeFile(join(cpu, 'cpu.max'), `${quota} 100000`);
  }
  if (cpu !== undefined && cpuRequestMillis !== undefined) {
    const shares = Math.min(262_144, Math.max(2, Math.floor((cpuRequestMillis * 1024) / 1000)));
    if (v1) await writeFile(join(cpu, 'cpu.shares'), String(shares));
    else
      await writeFile(
        join(cpu, 'cpu.weight'),
        String(Math.max(1, 1 + Math.floor(((shares - 2) * 9999) / 262_142))),
      );
  }
  return {
    procs: directories.map((path) => join(path, 'cgroup.procs')),
    oomKilled: async () => {
      if (memory === undefined) return false;
      const events = await readFile(join(memory, v1 ? 'memory.oom_control' : 'memory.events'), 'utf8');
      return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0) > 0;
    },
    remove: async () => {
      for (const path of directories) await removeGroup(path);
    },
  };
}

/** Where groups of engines stand: one directory a hierarchy. */
export function cgroupDirectories({ mounts }: Cgroups): readonly string[] {
  return [...new Set(Object.values(mounts))];
}

/** Kills what is left in the groups of an engine and removes them, where there are any. */
export async function removeCgroups(cgroups: Cgroups): Promise<void> {
  for (const mount of cgroupDirectories(cgroups)) {
    const ours = join(mount, cgroups.name);
    const entries = await readdir(ours, { withFileTypes: true }).catch(absent);
    for (const entry of entries ?? []) {
      if (!entry.isDirectory()) continue;
      const procs = await readFile(join(ours, entry.name, 'cgroup.procs'), 'utf8');
      for (const pid of procs.split('\n')) if (pid !== '') killIfThere(Number(pid));
      await removeGroup(join(ours, entry.name));
    }
    await removeGroup(ours);
  }
}

/** The kernel refuses with EBUSY until the last process is reaped, a moment after its end. */
async function removeGroup(path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || attempt === 20) throw error;
      await delay(5 * (attempt + 1));
    }
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
