import { ApiError, badRequest, conflict, type KubernetesObject } from '@kubewright/api';
import type { Binding, Pod } from '@kubewright/api/core/v1';
import { staleUid, staleVersion } from '../../registry/stale-uid.js';
import { notSupported, path, required } from '../../validation/field-error.js';
import type { SubresourceContext, SubresourceRules } from '../kind-rules.js';
import { withPodCondition } from './pod-condition.js';

/** POST of a Binding: the scheduler gives the pod its node, once. Source: the pod registry's `BindingREST`. */
export const podBinding: SubresourceRules<Pod> = {
  untracked: true,
  async create(body, context) {
    const binding = body as Binding;
    if ((binding.metadata?.name ?? '') !== context.name)
      throw badRequest('name in URL does not match name in Binding object');
    checkTarget(binding);
    await context.update((pod) => bind(pod, binding, context));
    const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
    return success satisfies KubernetesObject;
  },
  // What may not change otherwise is what a binding changes.
  validateUpdate: () => [],
};

/** Upstream answers these as a fault of its own. */
function checkTarget({ target }: Binding): void {
  const kind = target?.kind ?? '';
  const errors = [
    ...(['', 'Node'].includes(kind) ? [] : [notSupported(path('target', 'kind'), kind, ['Node', '<empty>'])]),
    ...((target?.name ?? '') === '' ? [required(path('target', 'name'))] : []),
  ];
  const told = errors.map(({ field, message }) => `${field}: ${message}`);
  if (told.length > 0) throw new ApiError('', told.length === 1 ? (told[0] ?? '') : `[${told.join(', ')}]`);
}

function bind(pod: Pod, { target, metadata }: Binding, context: SubresourceContext<Pod>): Pod {
  const name = pod.metadata.name ?? '';
  const refuse = (why: string) => conflict({ group: '', plural: 'pods/binding' }, name, why);
  const key = `/registry/pods/${context.namespace}/${name}`;
  const stale = (why: string) => conflict({ group: '', plural: 'pods' }, name, why);
  const { uid = '', resourceVersion = '' } = pod.metadata;
  if (metadata.uid && metadata.uid !== uid) throw stale(staleUid(key, metadata.uid, uid));
  if (metadata.resourceVersion && metadata.resourceVersion !== resourceVersion)
    throw stale(staleVersion(key, metadata.resourceVersion, resourceVersion));
  if (pod.metadata.deletionTimestamp !== undefined)
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  const spec = pod.spec ?? { containers: [] };
  if ((spec.nodeName ?? '') !== '')
    throw refuse(`pod ${name} is already assigned to node "${spec.nodeName ?? ''}"`);
  if ((spec.schedulingGates ?? []).length > 0)
    throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const annotations = { ...pod.metadata.annotations, ...metadata.annotations };
  // What admission put there: the node's topology.
  const labels = { ...pod.metadata.labels, ...metadata.labels };
  const conditions = withPodCondition(
    pod.status?.conditions ?? [],
    { type: 'PodScheduled', status: 'True' },
    context.now(),
  );
  // What the scheduler hoped for is no news any more.
  const { nominatedNodeName: _, ...status } = pod.status ?? {};
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    },
    spec: { ...spec, nodeName: target.name },
    status: { ...status, conditions },
  };
}
