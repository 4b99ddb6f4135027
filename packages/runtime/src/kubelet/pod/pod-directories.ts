import { join } from 'node:path';
import type { Pod } from '@kubewright/api/core/v1';

/** Where the kubelet keeps what belongs to a pod, below its data directory. */
export class PodDirectories {
  /** One directory a pod, by uid: volumes, termination messages, its hosts file. */
  readonly pods: string;
  /** One directory a pod, `NAMESPACE_NAME_UID`, with one a container: the layout of /var/log/pods. */
  readonly logs: string;

  constructor(dataDirectory: string) {
    this.pods = join(dataDirectory, 'pods');
    this.logs = join(dataDirectory, 'log', 'pods');
  }

  ofPod(uid: string): string {
    return join(this.pods, uid);
  }

  logsOfPod(pod: Pod): string {
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    return join(this.logs, `${namespace}_${name}_${uid}`);
  }

  /** The log of one attempt of a container. */
  logOf(pod: Pod, container: string, attempt: number): string {
    return join(this.logsOfPod(pod), logPath(container, attempt));
  }

  terminationMessage(uid: string, container: string, attempt: number): string {
    return join(this.ofPod(uid), 'containers', container, String(attempt));
  }

  hostsFile(uid: string): string {
    return join(this.ofPod(uid), 'etc-hosts');
  }
}

/** Relative to the pod's log directory, as the runtime is told. */
export function logPath(container: string, attempt: number): string {
  return `${container}/${attempt}.log`;
}
