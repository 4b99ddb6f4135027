import type { Pod, Service } from '@kubewright/api/core/v1';
import type { Client, Clock } from '@kubewright/client';
import type { Logger } from 'pino';
import type { ContainerRuntime } from '../../container/container-runtime.js';
import type { EventRecorder } from '../../events/event-recorder.js';
import type { ConfigObjects } from '../env/config-objects.js';
import type { PodDirectories } from './pod-directories.js';
import type { StatusWriter } from './status-writer.js';

/** What all pods of a node share. */
export interface PodContext {
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  /** `name` of `name://id`. */
  readonly runtimeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventRecorder;
  readonly statuses: StatusWriter;
  readonly config: ConfigObjects;
  readonly directories: PodDirectories;
  readonly services: () => Iterable<Service>;
  readonly hostIPs: readonly string[];
  /** The node's allocatable resources. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** How upstream's messages name a pod: `web_default(UID)`. */
export function podLabel(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
}

/** The part of a pod that an event about a container is about. */
export function containerPath(pod: Pod, name: string): string {
  const list = pod.spec?.initContainers?.some((container) => container.name === name)
    ? 'initContainers'
    : 'containers';
  return `spec.${list}{${name}}`;
}
