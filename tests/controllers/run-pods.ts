import { formatTime } from '@kubewright/api';
import { Pod } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';

/** Stands in for kubelets: pods with a node run and are ready at once; deleted ones go at once. */
export async function runPods(client: Client, signal: AbortSignal): Promise<void> {
  const pods = client.informer(Pod);
  const step = (pod: Pod) => {
    act(client, pod, signal).catch((error: unknown) => {
      if (!signal.aborted && !gone(error)) throw error;
    });
  };
  pods.on({ add: step, update: step });
  pods.start(signal);
  await pods.synced;
}

async function act(client: Client, pod: Pod, signal: AbortSignal): Promise<void> {
  const { name = '', namespace, uid, deletionTimestamp } = pod.metadata;
  if (!pod.spec?.nodeName) return;
  const resource = client.resource(Pod).namespace(namespace);
  if (deletionTimestamp !== undefined) {
    await resource.delete(name, {
      gracePeriodSeconds: 0,
      signal,
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    });
    return;
  }
  if (pod.status?.phase === 'Running') return;
  const lastTransitionTime = formatTime(Date.now());
  await resource.status.patchStrategic(
    name,
    {
      metadata: { uid },
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        podIPs: [{ ip: '10.0.0.1' }],
        conditions: [
          { type: 'Ready', status: 'True', lastTransitionTime },
          { type: 'ContainersReady', status: 'True', lastTransitionTime },
        ],
      },
    },
    { signal },
  );
}

function gone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 404 || error.code === 409);
}
