import { existsSync, lstatSync } from 'node:fs';
import { chmod, lstat, mkdir, readlink, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ContainerMount, ContainerRuntimeError } from '../container-runtime.js';
import { type FstabLine, formatFstab, isWithin } from './fstab.js';
import { type HostTree, makeEntries, ownDirectories } from './host-tree.js';

/** Directories that a container may write to: its own, gone with it. */
const scratchDirectories = [
  { path: '/tmp', mode: 0o1777 },
  { path: '/run', mode: 0o755 },
  { path: '/var/tmp', mode: 0o1777 },
] as const;

/** Those that exist here as directories: mounts would follow a link. */
const scratch = scratchDirectories.filter(
  ({ path }) =>
    !path.startsWith('/var') || lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
);

export interface RootOptions {
  /** A directory of the container's own. */
  readonly directory: string;
  readonly tree: HostTree;
  readonly privileged: boolean;
  /** The data directory: nobody sees it, and mount points inside its volumes may be made. */
  readonly hidden: string;
  readonly mounts: readonly ContainerMount[];
  /** Files of /etc that replace the host's: name to content. */
  readonly etc: Readonly<Record<string, string>>;
}

export interface PreparedRoot {
  readonly root: string;
  /** For `mount -a -T`, inside the container's mount namespace. */
  readonly fstab: string;
}

/**
 * Lays out a container's file system: empty directories and files for the mounts to go onto, and the list of mounts.
 * A mount point that the host doesn't have comes from a read-only overlay whose upper layer has nothing else, so that
 * nothing is written to the host's own directories. Symbolic links are resolved as the container will see them.
 */
export async function prepareRoot(options: RootOptions): Promise<PreparedRoot> {
  const { directory, tree } = options;
  const root = join(directory, 'root');
  await makeEntries(root, tree.entries);
  await chmod(root, 0o755);
  for (const { path, mode } of scratch) {
    await mkdir(join(directory, 'scratch', path), { recursive: true });
    await chmod(join(directory, 'scratch', path), mode);
  }
  const layers = new Layers(directory);
  for (const [name, content] of Object.entries(options.etc)) {
    const file = await layers.file('/etc', name);
    await writeFile(file, content);
    await chmod(file, 0o644);
  }

  const volumes: Volume[] = [];
  const byDepth = [...options.mounts].sort((a, b) => depth(a.containerPath) - depth(b.containerPath));
  for (const mount of byDepth) {
    const target = await resolve(mount.containerPath, options.hidden);
    const source = await stat(mount.hostPath).catch((error: NodeJS.ErrnoException) => {
      throw new ContainerRuntimeError(
        'InvalidArgument',
        `mount ${mount.hostPath}: ${error.code ?? error.message}`,
      );
    });
    await makeMountPoint({ target, directory: source.isDirectory(), volumes, layers, root, options });
    volumes.push({ source: mount.hostPath, target, readOnly: mount.readOnly });
  }

  const fstab = join(directory, 'fstab');
  await writeFile(fstab, formatFstab(mountLines(options, root, layers, volumes)));
  return { root, fstab };
}

interface Volume {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

function mountLines(
  options: RootOptions,
  root: string,
  layers: Layers,
  volumes: readonly Volume[],
): FstabLine[] {
  const { tree, directory, privileged } = options;
  const line = (source: string, target: string, ...flags: string[]): FstabLine => ({
    source,
    target: join(root, target),
    type: 'none',
    options: flags,
  });
  const shared = tree.entries.filter(
    ({ name, link }) => link === undefined && !['proc', 'run', 'tmp'].includes(name),
  );
  // What the machine's root could change or read through /proc; not every kernel has all of it.
  const inProc = (names: readonly string[]) =>
    privileged ? names.filter((name) => existsSync(join('/proc', name))) : [];
  const guarded = inProc(['sys', 'sysrq-trigger', 'irq', 'bus', 'fs']);
  const masked = inProc(['kcore', 'keys', 'timer_list']);
  return [
    line(root, '/', 'bind', 'ro', 'nosuid', 'nodev'),
    ...shared.map(({ name }) => line(join(tree.root, name), name, 'rbind')),
    ...layers.all().flatMap(({ over, layer }) => [
      {
        source: 'overlay',
        target: join(root, over),
        type: 'overlay',
        options: [
          'ro',
          'nosuid',
          'nodev',
          ...(privileged ? [] : ['userxattr']),
          `lowerdir=${layer}:${join(tree.root, over)}`,
        ],
      },
      ...outermost(tree.submounts.filter((path) => path !== over && isWithin(path, over))).map((path) =>
        line(join(tree.root, path), path, 'rbind'),
      ),
    ]),
    ...scratch.map(({ path }) => line(join(directory, 'scratch', path), path, 'bind', 'nosuid', 'nodev')),
    { source: 'proc', target: join(root, 'proc'), type: 'proc', options: ['nosuid', 'nodev', 'noexec'] },
    ...guarded.map((name) => line(join(root, 'proc', name), join('proc', name), 'bind', 'ro')),
    ...masked.map((name) => line(join(tree.root, 'dev/null'), join('proc', name), 'bind')),
    {
      source: 'devpts',
      target: join(root, 'dev/pts'),
      type: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
    },
    ...volumes.map(({ source, target, readOnly }) =>
      line(source, target, 'rbind', 'nosuid', 'nodev', ...(readOnly ? ['ro'] : [])),
    ),
  ];
}

/** Upper layers, one for each host directory that lacks a mount point. */
class Layers {
  readonly #directory: string;
  readonly #layers = new Map<string, string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async file(over: string, path: string): Promise<string> {
    if (/[,:\\]/.test(over)) {
      throw new ContainerRuntimeError(
        'InvalidArgument',
        `no mount point can be made below ${over}: it has one of , : \\`,
      );
    }
    const layer = this.#layers.get(over) ?? join(this.#directory, `layer-${this.#layers.size}`);
    this.#layers.set(over, layer);
    await makeDirectory(dirname(join(layer, path)));
    return join(layer, path);
  }

  all(): { readonly over: string; readonly layer: string }[] {
    return [...this.#layers]
      .map(([over, layer]) => ({ over, layer }))
      .sort((a, b) => depth(a.over) - depth(b.over));
  }
}

interface MountPoint {
  readonly target: string;
  readonly directory: boolean;
  readonly volumes: readonly Volume[];
  readonly layers: Layers;
  readonly root: string;
  readonly options: RootOptions;
}

async function makeMountPoint({
  target,
  directory,
  volumes,
  layers,
  root,
  options,
}: MountPoint): Promise<void> {
  const volume = volumes.findLast((other) => isWithin(target, other.target));
  if (volume !== undefined) {
    const inside = join(volume.source, target.slice(volume.target.length));
    if ((await kindOf(inside)) !== undefined) return;
    if (!isWithin(volume.source, options.hidden)) {
      throw new ContainerRuntimeError(
        'InvalidArgument',
        `${target} does not exist in ${volume.source}, and nothing is written to the host's own directories`,
      );
    }
    return make(inside, directory);
  }
  const own = scratch.find(({ path }) => isWithin(target, path));
  if (own !== undefined) return make(join(options.directory, 'scratch', target), directory);
  const [top = ''] = target.slice(1).split('/');
  if (!options.tree.entries.some(({ name }) => name === top)) return make(join(root, target), directory);
  let over = target;
  while (!(await existsInTree(over, options.hidden))) over = dirname(over);
  if (over === target) return;
  const place = await layers.file(over, target.slice(over.length + 1));
  return make(place, directory);
}

/** Whatever the process' umask: users of the container pass through these directories. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; isWithin(made, first); made = dirname(made)) await chmod(made, 0o755);
}

async function make(path: string, directory: boolean): Promise<void> {
  await makeDirectory(directory ? path : dirname(path));
  if (!directory) await writeFile(path, '', { flag: 'a', mode: 0o644 });
}

/** Follows the symbolic links of a path as the container will: never out of its root. */
async function resolve(path: string, hidden: string): Promise<string> {
  if (!path.startsWith('/'))
    throw new ContainerRuntimeError('InvalidArgument', `mount path ${path} is not absolute`);
  let pending = path.split('/');
  let done = '/';
  for (let links = 0; pending.length > 0; ) {
    const [part = '', ...rest] = pending;
    pending = rest;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done = dirname(done);
      continue;
    }
    const next = join(done, part);
    const link = (await existsInTree(next, hidden)) ? await linkOf(next) : undefined;
    if (link === undefined) {
      done = next;
      continue;
    }
    if (++links > 40)
      throw new ContainerRuntimeError('InvalidArgument', `mount path ${path}: too many symbolic links`);
    pending = [...link.split('/'), ...rest];
    if (link.startsWith('/')) done = '/';
  }
  if (done === '/')
    throw new ContainerRuntimeError('InvalidArgument', `mount path ${path} is the root itself`);
  return done;
}

/** Whether the host's file is what a container sees at this path. */
async function existsInTree(path: string, hidden: string): Promise<boolean> {
  if (ownDirectories.some((name) => path !== `/${name}` && isWithin(path, `/${name}`))) return false;
  if (path !== hidden && isWithin(path, hidden)) return false;
  return (await kindOf(path)) !== undefined;
}

async function kindOf(path: string): Promise<'directory' | 'link' | 'other' | undefined> {
  try {
    const found = await lstat(path);
    return found.isDirectory() ? 'directory' : found.isSymbolicLink() ? 'link' : 'other';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function linkOf(path: string): Promise<string | undefined> {
  return (await kindOf(path)) === 'link' ? readlink(path) : undefined;
}

function outermost(paths: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((other) => other !== path && isWithin(path, other)));
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}
