import { controllerOf, isControlledBy, isNotFound } from '@kubewright/api';
import { Job } from '@kubewright/api/batch/v1';
import { Pod } from '@kubewright/api/core/v1';
import type { Informer } from '@kubewright/client';
import type { Manager } from '../framework/manager.js';
import { keyOf, nameOf, type ObjectName } from '../framework/object-name.js';
import { refersTo } from '../framework/owner-reference.js';
import type { ReconcileContext } from '../framework/reconcile.js';
import { removePodFinalizer } from '../pods/remove-pod-finalizer.js';
import { finishedType } from './job-conditions.js';
import { isTracked, trackingFinalizer } from './job-pod.js';

const nameLabel = 'batch.kubernetes.io/job-name';

/** Pods that a job's finalizer keeps though no job will ever count them: of a job that is gone, or has ended. */
export class StrayPods {
  readonly #tracked: Informer<Pod, 'job'>;

  constructor(manager: Manager) {
    this.#tracked = manager.informer(Pod, {
      indexes: { job: (pod: Pod) => this.namesFor(pod).map(keyOf) },
    });
  }

  /** The name under which such a pod is looked after: of its job where it says which that was. */
  namesFor(pod: Pod): ObjectName[] {
    if (!isTracked(pod)) return [];
    const { namespace, labels } = pod.metadata;
    const controller = controllerOf(pod);
    if (controller === undefined) return [{ namespace, name: labels?.[nameLabel] ?? nameOf(pod).name }];
    return refersTo(controller, Job) ? [{ namespace, name: controller.name }] : [];
  }

  /** Lets go of pods that the job with this name doesn't want. @param job undefined where there is none */
  async release(name: ObjectName, job: Job | undefined, context: ReconcileContext): Promise<void> {
    for (const pod of this.#tracked.byIndex('job', keyOf(name))) {
      const isWanted = job !== undefined && isControlledBy(pod, job) && finishedType(job) === undefined;
      if (!isWanted && (await this.#isStray(pod, name, context)))
        await removePodFinalizer(context.client, pod, trackingFinalizer, { signal: context.signal });
    }
  }

  /** The cache may be old: of a job that it does not show only the server knows that there is none. */
  async #isStray(pod: Pod, { name, namespace }: ObjectName, context: ReconcileContext): Promise<boolean> {
    if (controllerOf(pod) === undefined) return true;
    try {
      const { client, signal } = context;
      const job = await client.resource(Job).namespace(namespace).get(name, { signal });
      return !isControlledBy(pod, job) || finishedType(job) !== undefined;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }
}
