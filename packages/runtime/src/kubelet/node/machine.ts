import { readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, hostname, platform, release, totalmem } from 'node:os';
import type { NodeSystemInfo } from '@kubewright/api/core/v1';
import type { RuntimeStatus } from '../../container/container-runtime.js';

/** The version of Kubernetes whose behaviour this kubelet has. */
export const kubeletVersion = 'v1.36.0';

/** What a node has to give, as resource lists show it. */
export interface MachineResources {
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
}

/** The most pods that a node takes. */
const maxPods = 110;
/** Kept for the node itself, as upstream's default eviction threshold keeps it. */
const reservedMemoryKi = 100 * 1024;

/** What this machine has. The data directory's file system is what pods may write to. */
export async function machineResources(dataDirectory: string): Promise<MachineResources> {
  const disk = await statfs(dataDirectory);
  const memoryKi = Math.floor(totalmem() / 1024);
  const storageKi = Math.floor((disk.blocks * disk.bsize) / 1024);
  const capacity = {
    cpu: String(availableParallelism()),
    memory: `${memoryKi}Ki`,
    'ephemeral-storage': `${storageKi}Ki`,
    pods: String(maxPods),
  };
  return {
    capacity,
    allocatable: {
      ...capacity,
      memory: `${Math.max(0, memoryKi - reservedMemoryKi)}Ki`,
      'ephemeral-storage': `${Math.floor(storageKi * 0.9)}Ki`,
    },
  };
}

/** Architectures have Go's names in Kubernetes. */
export function goArchitecture(name: string = arch()): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
  return names[name] ?? name;
}

/** What `status.nodeInfo` says. Ids that the system does not tell are empty. */
export async function nodeInfo(runtime: RuntimeStatus): Promise<NodeSystemInfo> {
  const read = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).trim();
  const osRelease = await read('/etc/os-release');
  return {
    machineID: await read('/etc/machine-id'),
    systemUUID: await read('/sys/class/dmi/id/product_uuid'),
    bootID: await read('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(osRelease)?.[1] ?? platform(),
    containerRuntimeVersion: `${runtime.name}://${runtime.version}`,
    kubeletVersion,
    kubeProxyVersion: '',
    operatingSystem: platform(),
    architecture: goArchitecture(),
  };
}

/** The name that a node has by default. */
export function defaultNodeName(): string {
  return hostname().toLowerCase();
}
