import { findCondition, isNotFound, parseTime } from '@kubewright/api';
import { Job } from '@kubewright/api/batch/v1';
import type { Manager } from '../framework/manager.js';
import { finishedType } from '../job/job-conditions.js';

/** Deletes jobs, with their pods, some time after they have ended. Source: the Kubernetes page on finished jobs. */
export function addTtlAfterFinishedController(manager: Manager): void {
  const jobs = manager.informer(Job);
  manager
    .controller(Job, { name: 'ttl-after-finished-controller' })
    .reconcile(async ({ name, namespace }, { client, clock, signal }) => {
      const job = jobs.get(name, namespace);
      const expiresAt = job && expiryTime(job);
      if (expiresAt === undefined) return undefined;
      if (expiresAt > clock.now()) return { requeueAfterMs: expiresAt - clock.now() };
      // The cache may be old, and its user may want the job for longer by now.
      const resource = client.resource(Job).namespace(namespace);
      try {
        const fresh = await resource.get(name, { signal });
        const freshExpiry = expiryTime(fresh);
        if (freshExpiry === undefined) return undefined;
        if (freshExpiry > clock.now()) return { requeueAfterMs: freshExpiry - clock.now() };
        const { uid = '' } = fresh.metadata;
        await resource.delete(name, { propagationPolicy: 'Foreground', preconditions: { uid }, signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return undefined;
    });
}

/** When the job is to go, in milliseconds since 1970; undefined for one that stays, or goes already. */
export function expiryTime(job: Job): number | undefined {
  const { ttlSecondsAfterFinished } = job.spec ?? {};
  const type = finishedType(job);
  if (ttlSecondsAfterFinished === undefined || type === undefined) return undefined;
  if (job.metadata.deletionTimestamp !== undefined) return undefined;
  const ended = parseTime(findCondition(job.status?.conditions, type)?.lastTransitionTime ?? '');
  return ended === undefined ? undefined : ended + ttlSecondsAfterFinished * 1000;
}
