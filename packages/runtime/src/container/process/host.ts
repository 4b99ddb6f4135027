import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { ContainerRuntimeError } from '../container-runtime.js';

/** What the machine offers to the process engine. */
export interface Host {
  /** Real root with the capabilities for mounts and networks; otherwise everything happens in a user namespace. */
  readonly privileged: boolean;
  /** Where our own scripts find their tools, inside and outside of containers. */
  readonly toolPath: string;
}

const needed = ['sh', 'cat', 'env', 'hostname', 'mkfifo'].concat([
  'unshare',
  'nsenter',
  'setpriv',
  'setsid',
  'mount',
  'umount',
  'pivot_root',
]);
const systemDirectories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Looks at the machine. Rejects with `Unavailable` and the names of what is missing. */
export async function inspectHost(): Promise<Host> {
  if (process.platform !== 'linux') {
    throw new ContainerRuntimeError(
      'Unavailable',
      `the process runtime needs Linux; this is ${process.platform}`,
    );
  }
  const status = await readFile('/proc/self/status', 'utf8');
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const has = (bit: bigint) => (capabilities >> bit) % 2n === 1n;
  const privileged = process.geteuid?.() === 0 && has(capSysAdmin) && has(capNetAdmin);
  const toolPath = [...(process.env.PATH ?? '').split(delimiter), ...systemDirectories]
    .filter((directory, index, all) => directory.startsWith('/') && all.indexOf(directory) === index)
    .join(delimiter);
  const tools = privileged ? [...needed, 'ip'] : needed;
  const missing: string[] = [];
  for (const tool of tools) if ((await findTool(tool, toolPath)) === undefined) missing.push(tool);
  if (missing.length > 0) {
    throw new ContainerRuntimeError(
      'Unavailable',
      `the process runtime needs ${missing.join(', ')}: install util-linux, coreutils and iproute2`,
    );
  }
  return { privileged, toolPath };
}

/** The PATH of containers that set none: that of this process, and where its Node is. */
export function containerPath(): string {
  const node = dirname(process.execPath);
  const path = (process.env.PATH ?? systemDirectories.join(delimiter)).split(delimiter);
  return (path.includes(node) ? path : [...path, node]).join(delimiter);
}

const capNetAdmin = 12n;
const capSysAdmin = 21n;

async function findTool(name: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter)) {
    const file = join(directory, name);
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return file;
  }
  return undefined;
}
