import { chmod, chown, mkdir, open, realpath, rm, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import type { Container, HostPathVolumeSource, Pod, Volume } from '@kubewright/api/core/v1';
import type { ContainerMount, MemoryDirectory } from '../../container/container-runtime.js';
import { expand } from '../env/expand.js';
import { numeric } from '../env/quantity-number.js';
import { type ProjectedFiles, writeAtomically } from './atomic-directory.js';
import { projectedFiles, VolumeError, type VolumeSources } from './projection.js';

export interface VolumeContext extends VolumeSources {
  /** The pod's own directory below the kubelet's data directory. */
  readonly podDirectory: string;
  readonly now: Date;
  /** A source that was left out, in a sentence. */
  readonly onSkipped: (message: string) => void;
}

/** The host's path of each volume, by name. */
export type VolumePaths = ReadonlyMap<string, string>;

/**
 * Makes the pod's volumes, or brings them up to date: called again, it writes what has changed.
 * @throws VolumeError with the message of the FailedMount event
 */
export async function setUpVolumes(pod: Pod, context: VolumeContext): Promise<VolumePaths> {
  const paths = new Map<string, string>();
  for (const volume of pod.spec?.volumes ?? []) {
    try {
      paths.set(volume.name, await setUpVolume(pod, volume, context));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${message}`, {
        cause: error,
      });
    }
  }
  return paths;
}

/** Removes the pod's volumes and everything else in its directory. Host paths are not touched. */
export async function tearDownVolumes(podDirectory: string): Promise<void> {
  await rm(podDirectory, { recursive: true, force: true });
}

/**
 * What of the volumes a container sees, and where.
 * @throws VolumeError for a mount of an unknown volume, or a `subPath` that leads out of its volume
 */
export async function containerMounts(
  container: Container,
  volumes: VolumePaths,
  environment: Readonly<Record<string, string>>,
): Promise<ContainerMount[]> {
  const mounts: ContainerMount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const path = volumes.get(mount.name);
    if (path === undefined)
      throw new VolumeError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, environment) : (mount.subPath ?? '');
    mounts.push({
      hostPath: subPath === '' ? path : await subPathOf(path, subPath),
      containerPath: isAbsolute(mount.mountPath) ? mount.mountPath : `/${mount.mountPath}`,
      readOnly: mount.readOnly ?? false,
    });
  }
  return mounts;
}

async function setUpVolume(pod: Pod, volume: Volume, context: VolumeContext): Promise<string> {
  const directory = (plugin: string) =>
    join(context.podDirectory, 'volumes', `kubernetes.io~${plugin}`, volume.name);
  if (volume.hostPath !== undefined) return hostPath(volume.hostPath);
  const group = fsGroupOf(pod);
  if (volume.emptyDir !== undefined) {
    const path = emptyDirPath(context.podDirectory, volume.name);
    await mkdir(path, { recursive: true });
    if (group !== undefined) await chown(path, process.getuid?.() ?? 0, group);
    // Any user that a container runs as may write to it.
    await chmod(path, group === undefined ? 0o777 : 0o2777);
    return path;
  }
  const projected = await projectedFiles(pod, volume, context);
  if (projected === undefined) {
    const source = Object.keys(volume).find((key) => key !== 'name') ?? 'nothing';
    throw new VolumeError(`this kubelet cannot mount a volume of the type ${source}`);
  }
  for (const source of projected.skipped)
    context.onSkipped(
      `the source ${source} of the projected volume "${volume.name}" is left out: this kubelet cannot provide it`,
    );
  const plugin =
    volume.configMap !== undefined
      ? 'configmap'
      : volume.secret !== undefined
        ? 'secret'
        : volume.downwardAPI !== undefined
          ? 'downward-api'
          : 'projected';
  const path = directory(plugin);
  const stamp = context.now
    .toISOString()
    .replace(/[-T:]/g, '_')
    .replace('Z', `${process.hrtime.bigint() % 1000000n}`);
  const files = group === undefined ? projected.files : readableByGroup(projected.files);
  await writeAtomically(path, files, { stamp, ...(group === undefined ? {} : { group }) });
  return path;
}

/** The emptyDir volumes that are to be in memory. */
export function memoryDirectories(pod: Pod, podDirectory: string): MemoryDirectory[] {
  const gid = fsGroupOf(pod);
  return (pod.spec?.volumes ?? [])
    .filter(({ emptyDir }) => emptyDir?.medium === 'Memory')
    .map(({ name, emptyDir }) => ({
      path: emptyDirPath(podDirectory, name),
      ...(emptyDir?.sizeLimit === undefined ? {} : { sizeLimit: Math.floor(numeric(emptyDir.sizeLimit)) }),
      ...(gid === undefined ? {} : { gid }),
    }));
}

function emptyDirPath(podDirectory: string, name: string): string {
  return join(podDirectory, 'volumes', 'kubernetes.io~empty-dir', name);
}

/** The group that volumes are given. An ordinary user has no other groups to give. */
function fsGroupOf(pod: Pod): number | undefined {
  return process.getuid?.() === 0 ? pod.spec?.securityContext?.fsGroup : undefined;
}

/** Source: "Configure a Security Context", fsGroup; volumes that are only read get no right to write. */
function readableByGroup(files: ProjectedFiles): ProjectedFiles {
  return new Map([...files].map(([path, { data, mode }]) => [path, { data, mode: mode | 0o440 }]));
}

/** Source: "Volumes", hostPath types. */
async function hostPath({ path, type = '' }: HostPathVolumeSource): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined && type === 'DirectoryOrCreate')
    await mkdir(path, { recursive: true, mode: 0o755 });
  else if (found === undefined && type === 'FileOrCreate') await (await open(path, 'a', 0o644)).close();
  else if (found === undefined) throw new VolumeError(`hostPath type check failed: ${path} does not exist`);
  const fits =
    found === undefined ||
    type === '' ||
    (type.startsWith('Directory') && found.isDirectory()) ||
    (type.startsWith('File') && found.isFile()) ||
    (type === 'Socket' && found.isSocket()) ||
    (type === 'CharDevice' && found.isCharacterDevice()) ||
    (type === 'BlockDevice' && found.isBlockDevice());
  if (!fits)
    throw new VolumeError(
      `hostPath type check failed: ${path} is not a ${type.replace('OrCreate', '').toLowerCase()}`,
    );
  return path;
}

/** The path below a volume, which must not lead out of it, by links neither. */
async function subPathOf(volumePath: string, subPath: string): Promise<string> {
  if (isAbsolute(subPath) || subPath.split('/').includes('..'))
    throw new VolumeError(`subPath "${subPath}" must be relative and must not contain ".."`);
  const path = join(volumePath, subPath);
  const root = await realpath(volumePath);
  const real = await realpath(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await mkdir(path, { recursive: true, mode: 0o755 });
    return realpath(path);
  });
  if (real !== root && !real.startsWith(root + sep))
    throw new VolumeError(`subPath "${subPath}" leads out of its volume`);
  return real;
}
