import { formatTime, isAlreadyExists } from '@kubewright/api';
import { ServiceCIDR } from '@kubewright/api/networking/v1';
import type { ObjectStore } from '../registry/write-context.js';

const name = 'kubernetes';

/** Shows the ranges that the server takes cluster IPs from, as the object that every cluster has. */
export async function publishServiceCidr(
  objects: ObjectStore,
  cidrs: readonly string[],
  now: number,
): Promise<void> {
  if ((await objects.get(ServiceCIDR, '', name)) !== undefined) return;
  try {
    await objects.create(ServiceCIDR, { metadata: { name }, spec: { cidrs: [...cidrs] } });
    const condition = {
      type: 'Ready',
      status: 'True',
      lastTransitionTime: formatTime(now),
      reason: '',
      message: 'Kubernetes default Service CIDR is ready',
    };
    await objects.changeStatus(ServiceCIDR, '', name, (range) => ({
      ...range,
      status: { conditions: [condition] },
    }));
  } catch (error) {
    // Another server of the same store was quicker.
    if (!isAlreadyExists(error)) throw error;
  }
}
