import { ApiError, type KubernetesObject, notFound, selectorMatches } from '@kubewright/api';
import { Pod } from '@kubewright/api/core/v1';
import type { DeleteOptions } from '@kubewright/api/meta/v1';
import { type Eviction, PodDisruptionBudget } from '@kubewright/api/policy/v1';
import type { SubresourceContext, SubresourceRules } from '../kind-rules.js';

/**
 * POST of an Eviction: deletes the pod unless a PodDisruptionBudget has no disruption left to give.
 * Source: the page on API-initiated eviction.
 */
export const podEviction: SubresourceRules<Pod> = {
  async create(body, context) {
    const { deleteOptions } = body as Eviction;
    const pod = await context.objects.get(Pod, context.namespace, context.name);
    if (pod === undefined) throw notFound(Pod, context.name);
    if (!isFinished(pod)) await refuseBeyondBudget(pod, context);
    await context.delete((deleteOptions ?? {}) as DeleteOptions);
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      code: 201,
    } as KubernetesObject;
  },
};

/** A pod that runs nowhere, or no more, disrupts nothing. */
function isFinished({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp !== undefined ||
    ['Pending', 'Succeeded', 'Failed'].includes(status?.phase ?? '')
  );
}

async function refuseBeyondBudget(pod: Pod, context: SubresourceContext<Pod>): Promise<void> {
  const budgets = await context.objects.list(PodDisruptionBudget, context.namespace);
  const concerned = budgets.filter(({ spec }) => selectorMatches(spec?.selector, pod.metadata.labels));
  for (const { metadata, status } of concerned) {
    if ((status?.disruptionsAllowed ?? 0) > 0) continue;
    throw new ApiError(
      'TooManyRequests',
      "Cannot evict pod as it would violate the pod's disruption budget.",
      {
        details: {
          causes: [
            {
              reason: 'DisruptionBudget',
              message: `The disruption budget ${metadata.name ?? ''} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`,
            },
          ],
        },
      },
    );
  }
}
