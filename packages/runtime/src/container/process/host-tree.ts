import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerRuntimeError } from '../container-runtime.js';
import type { FifoPool } from './fifo-pool.js';
import { type FstabLine, formatFstab, isWithin, parseMountInfo } from './fstab.js';
import type { Host } from './host.js';
import { type Launched, launch } from './launch.js';
import { quote } from './shell.js';

/**
 * The host's files as every container sees them: read-only, without the data directory, with a small /dev. It is built
 * once, in a mount namespace that a process of ours keeps; containers bind its parts, which keeps all of that.
 */
export interface HostTree {
  /** Where it stands, in its namespace only. */
  readonly root: string;
  readonly holder: Launched;
  readonly entries: readonly TopEntry[];
  /** Mounts below `root` other than its top-level entries, as paths of the container: an overlay would lose them. */
  readonly submounts: readonly string[];
}

export interface TopEntry {
  readonly name: string;
  /** Where it is a symbolic link: what it says. Otherwise it is a directory. */
  readonly link?: string;
}

/** Directories that each container has for itself. */
export const ownDirectories = ['dev', 'proc', 'run', 'sys', 'tmp'] as const;

const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const deviceLinks = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
};

export interface HostTreeOptions {
  readonly host: Host;
  readonly pipes: FifoPool;
  readonly marker: string;
  /** The engine's own directory. */
  readonly stateDirectory: string;
  /** Covered by an empty file system. */
  readonly hidden: string;
}

export async function buildHostTree(options: HostTreeOptions): Promise<HostTree> {
  const { host, stateDirectory, hidden } = options;
  const directory = join(stateDirectory, 'tree');
  const root = join(directory, 'root');
  await rm(directory, { recursive: true, force: true });
  const entries = await makeSkeleton(root);
  const binds = entries.filter(({ name, link }) => link === undefined && !isOwn(name));
  const covered = binds.some(({ name }) => isWithin(hidden, `/${name}`));
  const lines: FstabLine[] = [
    { source: root, target: root, type: 'none', options: ['bind'] },
    ...binds.map(({ name }) => bind(`/${name}`, join(root, name))),
    ...devices.map((name) => bind(join('/dev', name), join(root, 'dev', name))),
    ...(host.privileged ? [] : [bind('/sys', join(root, 'sys'))]),
    ...(covered
      ? [
          // Not from `none`, as the remount is: mount(8) would take that for mounted already and leave it writable.
          { source: 'cover', target: join(root, hidden), type: 'tmpfs', options: ['size=4k', 'mode=0555'] },
        ]
      : []),
  ];
  await writeFile(join(directory, 'fstab'), formatFstab(lines));
  const holder = await launch(options.pipes, {
    enter: [
      'unshare',
      ...(host.privileged ? [] : ['--user', '--map-root-user']),
      ...['--mount', '--propagation', 'slave'],
    ],
    script: treeScript(directory, root),
    toolPath: host.toolPath,
    marker: options.marker,
    stdin: true,
    output: false,
  });
  await holder.status.expect('built').catch(explain);
  // Where the data directory lies in a directory that is bound, the tree itself is bound along: below the cover, where
  // nobody reaches it.
  const cover = join(root, hidden);
  const mounts = async () =>
    parseMountInfo(await readFile(`/proc/${holder.pid}/mountinfo`, 'utf8')).filter(
      ({ target }) => isWithin(target, root) && (target === cover || !isWithin(target, cover)),
    );
  const before = await mounts();
  await writeFile(
    join(directory, 'fstab.ro'),
    formatFstab(before.map(({ target, options }) => readOnly(target, root, options))),
  );
  holder.stdin?.write('go\n');
  await holder.status.expect('ready').catch(explain);
  const writable = (await mounts()).filter(({ options }) => !options.includes('ro'));
  const open = writable.find(({ target }) => !isWithin(target, join(root, 'dev')));
  if (open !== undefined) {
    throw new ContainerRuntimeError(
      'Unavailable',
      `${open.target.slice(root.length)} can't be made read-only for containers`,
    );
  }
  const submounts = before
    .map(({ target }) => target.slice(root.length))
    .filter((target) => target !== '' && !entries.some(({ name }) => target === `/${name}`));
  return { root, holder, entries, submounts };
}

/** Tools of a script complain in the words of mount(8); here it is said what for. */
function explain(error: Error): never {
  throw new ContainerRuntimeError(
    'Unavailable',
    `the file system of containers can't be made: ${error.message}`,
    {
      cause: error,
    },
  );
}

function treeScript(directory: string, root: string): string {
  return `exec 3<&- 2>&4
set -e
mount -a -T ${quote(join(directory, 'fstab'))}
mount --make-rprivate ${quote(root)}
echo built >&4
read -r go
mount -a -T ${quote(join(directory, 'fstab.ro'))}
echo ready >&4
exec 2>/dev/null 4>&-
read -r end || :
`;
}

function bind(source: string, target: string): FstabLine {
  return { source, target, type: 'none', options: ['rbind'] };
}

/** In a user namespace a remount must keep what the mount already forbids. */
function readOnly(target: string, root: string, options: readonly string[]): FstabLine {
  const kept = options.filter((option) => option === 'noexec' || option === 'nodev');
  const device = isWithin(target, join(root, 'dev')) && target !== join(root, 'dev');
  const all = ['remount', 'bind', 'ro', 'nosuid', ...(device ? kept : [...new Set([...kept, 'nodev'])])];
  return { source: 'none', target, type: 'none', options: all };
}

function isOwn(name: string): boolean {
  return (ownDirectories as readonly string[]).includes(name);
}

/** The empty directories and links that the mounts go onto. Returns what stands at the top. */
async function makeSkeleton(root: string): Promise<TopEntry[]> {
  const entries: TopEntry[] = [];
  for (const entry of await readdir('/', { withFileTypes: true })) {
    if (entry.name === 'lost+found' || isOwn(entry.name)) continue;
    if (entry.isSymbolicLink())
      entries.push({ name: entry.name, link: await readlink(join('/', entry.name)) });
    else if (entry.isDirectory()) entries.push({ name: entry.name });
  }
  for (const name of ownDirectories) entries.push({ name });
  await makeEntries(root, entries);
  // The console is where a container's own terminal is bound.
  for (const name of [...devices, 'console']) await writeFile(join(root, 'dev', name), '');
  for (const name of ['pts', 'shm', 'mqueue']) await mkdir(join(root, 'dev', name));
  for (const [name, target] of Object.entries(deviceLinks)) await symlink(target, join(root, 'dev', name));
  return entries;
}

export async function makeEntries(root: string, entries: readonly TopEntry[]): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o755 });
  for (const { name, link } of entries) {
    if (link === undefined) await mkdir(join(root, name), { mode: 0o755 });
    else await symlink(link, join(root, name));
  }
}
