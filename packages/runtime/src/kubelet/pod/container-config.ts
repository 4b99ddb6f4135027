import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Container, Pod, Service } from '@kubewright/api/core/v1';
import type {
  ContainerConfig,
  ContainerMount,
  ContainerResources,
} from '../../container/container-runtime.js';
import type { DownwardFacts } from '../env/downward-api.js';
import { type ConfigSource, ContainerConfigError, containerEnvironment } from '../env/environment.js';
import { expand } from '../env/expand.js';
import { numeric } from '../env/quantity-number.js';
import { linkedServices, serviceVariables } from '../env/service-variables.js';
import { containerMounts, type VolumePaths } from '../volume/pod-volumes.js';
import { containerHash, hashAnnotation } from './plan.js';
import { logPath, type PodDirectories } from './pod-directories.js';

export interface ContainerConfigContext {
  readonly attempt: number;
  readonly directories: PodDirectories;
  readonly volumes: VolumePaths;
  readonly services: Iterable<Service>;
  readonly config: ConfigSource;
  readonly facts: DownwardFacts;
}

/**
 * What the runtime is told of a container; makes the file for its termination message.
 * @throws ContainerConfigError, VolumeError
 */
export async function containerConfig(
  pod: Pod,
  container: Container,
  context: ContainerConfigContext,
): Promise<ContainerConfig> {
  const { namespace = '', uid = '' } = pod.metadata;
  const services = serviceVariables(
    linkedServices(context.services, { namespace, enableServiceLinks: pod.spec?.enableServiceLinks ?? true }),
  );
  const env = containerEnvironment(pod, container, {
    services,
    config: context.config,
    facts: context.facts,
  });
  const mounts = await containerMounts(container, context.volumes, env);
  const mounted = new Set(mounts.map((mount) => mount.containerPath));
  const own = await ownMounts(pod, container, context);
  const user = userOf(pod, container);
  return {
    name: container.name,
    attempt: context.attempt,
    image: container.image ?? '',
    ...(container.command?.length ? { command: container.command.map((word) => expand(word, env)) } : {}),
    ...(container.args?.length ? { args: container.args.map((word) => expand(word, env)) } : {}),
    env,
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    mounts: [...mounts, ...own.filter((mount) => !mounted.has(mount.containerPath))],
    resources: resourcesOf(container),
    labels: {
      'io.kubernetes.container.name': container.name,
      'io.kubernetes.pod.name': pod.metadata.name ?? '',
      'io.kubernetes.pod.namespace': namespace,
      'io.kubernetes.pod.uid': uid,
    },
    annotations: { [hashAnnotation]: containerHash(container) },
    ...(container.stdin ? { stdin: true } : {}),
    ...(container.stdinOnce ? { stdinOnce: true } : {}),
    ...(container.tty ? { tty: true } : {}),
    ...(user === undefined ? {} : { user }),
    logPath: logPath(container.name, context.attempt),
    ...(container.lifecycle?.stopSignal
      ? { stopSignal: container.lifecycle.stopSignal as NodeJS.Signals }
      : {}),
  };
}

/** What the kubelet itself mounts: the hosts file, and the file for the termination message. */
async function ownMounts(
  pod: Pod,
  container: Container,
  { directories, attempt }: ContainerConfigContext,
): Promise<ContainerMount[]> {
  const { uid = '' } = pod.metadata;
  const message = directories.terminationMessage(uid, container.name, attempt);
  await mkdir(dirname(message), { recursive: true });
  const file = await open(message, 'a', 0o666);
  // Any user that the container runs as may write to it, whatever the process' umask is.
  await file.chmod(0o666);
  await file.close();
  const mounts: ContainerMount[] = [
    {
      hostPath: message,
      containerPath: container.terminationMessagePath || '/dev/termination-log',
      readOnly: false,
    },
  ];
  if (!pod.spec?.hostNetwork)
    mounts.push({ hostPath: directories.hostsFile(uid), containerPath: '/etc/hosts', readOnly: false });
  return mounts;
}

function resourcesOf(container: Container): ContainerResources {
  const { limits, requests } = container.resources ?? {};
  const cpuRequest = requests?.cpu ?? limits?.cpu;
  return {
    ...(limits?.memory === undefined ? {} : { memoryLimit: Math.floor(numeric(limits.memory)) }),
    ...(limits?.cpu === undefined ? {} : { cpuLimitMillis: Math.ceil(numeric(limits.cpu) * 1000) }),
    ...(cpuRequest === undefined ? {} : { cpuRequestMillis: Math.ceil(numeric(cpuRequest) * 1000) }),
  };
}

/** @throws ContainerConfigError where the container must not run as root and would */
function userOf(pod: Pod, container: Container): ContainerConfig['user'] {
  const own = container.securityContext;
  const ofPod = pod.spec?.securityContext;
  const uid = own?.runAsUser ?? ofPod?.runAsUser;
  const gid = own?.runAsGroup ?? ofPod?.runAsGroup;
  if ((own?.runAsNonRoot ?? ofPod?.runAsNonRoot) && (uid ?? 0) === 0)
    throw new ContainerConfigError(
      uid === 0
        ? "container's runAsUser breaks non-root policy"
        : 'container has runAsNonRoot and no runAsUser: it would run as the user of this node',
    );
  const groups = [
    ...(ofPod?.supplementalGroups ?? []),
    ...(ofPod?.fsGroup === undefined ? [] : [ofPod.fsGroup]),
  ];
  if (uid === undefined && gid === undefined && groups.length === 0) return undefined;
  return {
    uid: uid ?? process.getuid?.() ?? 0,
    ...(gid === undefined ? {} : { gid }),
    ...(groups.length === 0 ? {} : { groups }),
  };
}
