import {
  ApiError,
  badRequest,
  conflict,
  forbidden,
  formatTime,
  isApiError,
  isConditionTrue,
  type KubernetesObject,
  notFound,
  selectorMatches,
  setCondition,
} from '@kubewright/api';
import { Pod } from '@kubewright/api/core/v1';
import type { DeleteOptions } from '@kubewright/api/meta/v1';
import { type Eviction, PodDisruptionBudget } from '@kubewright/api/policy/v1';
import { deleteOptionsErrors, invalidOptions } from '../../validation/options.js';
import type { SubresourceContext, SubresourceRules } from '../kind-rules.js';
import { withPodCondition } from './pod-condition.js';

/**
 * POST of an Eviction: deletes the pod unless a PodDisruptionBudget has no disruption left to give.
 * Source: the page on API-initiated eviction and the pod registry's `EvictionREST`.
 */
export const podEviction: SubresourceRules<Pod> = {
  untracked: true,
  formerVersions: ['policy/v1beta1'],
  async create(body, context) {
    const { metadata, deleteOptions = {} } = body as Eviction;
    if (metadata?.name !== context.name)
      throw badRequest('name in URL does not match name in Eviction object');
    const options = deleteOptions as DeleteOptions;
    const errors = deleteOptionsErrors(options);
    if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
    const isDryRun = context.dryRun || (options.dryRun ?? []).length > 0;
    const pod = await context.objects.get(Pod, context.namespace, context.name);
    if (pod === undefined) throw notFound(Pod, context.name);
    const guard = disruptsNothing(pod)
      ? { version: isPending(pod) ? pod.metadata.resourceVersion : undefined }
      : await askBudget(pod, context, isDryRun);
    await evict(pod, options, guard, context, isDryRun);
    const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
    return success satisfies KubernetesObject;
  },
  // Only the condition changes.
  validateUpdate: () => [],
};

/** What must still hold when the pod is deleted. */
interface Guard {
  /** The pod as it was judged; without it any will do. */
  readonly version?: string | undefined;
  /** The budget that let the pod go because it was not ready. */
  readonly budget?: string;
}

/** A pod that runs nowhere, or no more, disrupts nothing. */
function disruptsNothing(pod: Pod): boolean {
  const ended = ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '');
  return ended || pod.metadata.deletionTimestamp !== undefined || isPending(pod);
}

function isPending({ status }: Pod): boolean {
  return status?.phase === 'Pending';
}

async function evict(
  pod: Pod,
  options: DeleteOptions,
  guard: Guard,
  context: SubresourceContext<Pod>,
  isDryRun: boolean,
): Promise<void> {
  const asked = options.preconditions?.resourceVersion;
  let version = asked ?? guard.version;
  try {
    if (!isDryRun) version = await markTarget(pod, { version, uid: options.preconditions?.uid }, context);
    const preconditions = {
      ...options.preconditions,
      ...(version === undefined ? {} : { resourceVersion: version }),
    };
    await context.delete({
      ...options,
      ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
      ...(isDryRun ? { dryRun: ['All'] } : {}),
    });
  } catch (error) {
    // The pod became ready meanwhile: its budget has to be asked again, by another request.
    const becameReady = guard.budget !== undefined && asked === undefined;
    if (becameReady && isApiError(error) && error.reason === 'Conflict')
      throw tooManyRequests(beingProcessed(guard.budget ?? ''), retrySeconds);
    throw error;
  }
}

/** Says on the pod why it goes. @returns the version of the pod where it matters */
async function markTarget(
  { metadata }: Pod,
  { version, uid }: { readonly version: string | undefined; readonly uid: string | undefined },
  context: SubresourceContext<Pod>,
): Promise<string | undefined> {
  const marked = await context.update((pod) => {
    const { resourceVersion = '' } = pod.metadata;
    if (uid && uid !== pod.metadata.uid)
      throw conflict(
        { group: '', plural: 'Pod' },
        metadata.name ?? '',
        `the UID in the precondition (${uid}) does not match the UID in record (${pod.metadata.uid ?? ''}). The object might have been deleted and then recreated`,
      );
    if (version !== undefined && version !== resourceVersion)
      throw conflict(
        { group: '', plural: 'Pod' },
        metadata.name ?? '',
        `the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
      );
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
    };
    const conditions = withPodCondition(pod.status?.conditions ?? [], condition, context.now());
    return { ...pod, status: { ...pod.status, conditions: [...conditions] } };
  });
  return version === undefined ? undefined : marked.metadata.resourceVersion;
}

const maxDisruptedPods = 2000;
const retrySeconds = 10;

/** Takes one disruption from the budget of the pod, as one compare-and-swap on it. */
async function askBudget(pod: Pod, context: SubresourceContext<Pod>, isDryRun: boolean): Promise<Guard> {
  const all = await context.objects.list(PodDisruptionBudget, context.namespace);
  const [budget, ...others] = all.filter(
    // An empty selector is for all pods, none at all for no pod.
    ({ spec }) => spec?.selector !== undefined && selectorMatches(spec.selector, pod.metadata.labels),
  );
  if (others.length > 0)
    throw new ApiError(
      '',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  if (budget === undefined) return {};
  const name = budget.metadata.name ?? '';
  // A pod that is not ready counts for nothing: it may go where enough others are healthy, or always.
  if (!isConditionTrue(pod.status?.conditions, 'Ready')) {
    const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
    const isHealthy = currentHealthy >= desiredHealthy && desiredHealthy > 0;
    if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow' || isHealthy)
      return { version: pod.metadata.resourceVersion, budget: name };
  }
  if (isDryRun) takeDisruption(budget, pod, context.now());
  else
    await context.objects.changeStatus(PodDisruptionBudget, context.namespace, name, (newest) =>
      takeDisruption(newest, pod, context.now()),
    );
  return {};
}

/** @throws ApiError TooManyRequests where there is none left, or where the controller has not caught up */
function takeDisruption(budget: PodDisruptionBudget, pod: Pod, now: number): PodDisruptionBudget {
  const { metadata, status } = budget;
  const name = metadata.name ?? '';
  const refuse = (why: string) => forbidden({ group: 'policy', plural: 'poddisruptionbudget' }, name, why);
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw tooManyRequests(beingProcessed(name), retrySeconds);
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, disruptedPods = {} } = status ?? {};
  if (disruptionsAllowed < 0) throw refuse('pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > maxDisruptedPods)
    throw refuse('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (disruptionsAllowed === 0) throw tooManyRequests(whyNone(budget));
  const left = disruptionsAllowed - 1;
  const conditions =
    left > 0
      ? status?.conditions
      : setCondition(
          status?.conditions ?? [],
          {
            type: 'DisruptionAllowed',
            status: 'False',
            reason: 'InsufficientPods',
            message: '',
            lastTransitionTime: formatTime(now),
            ...(status?.observedGeneration === undefined
              ? {}
              : { observedGeneration: status.observedGeneration }),
          },
          now,
        );
  return {
    ...budget,
    status: {
      expectedPods: 0,
      ...status,
      currentHealthy,
      desiredHealthy,
      disruptionsAllowed: left,
      disruptedPods: { ...disruptedPods, [pod.metadata.name ?? '']: formatTime(now) },
      ...(conditions === undefined ? {} : { conditions: [...conditions] }),
    },
  } as PodDisruptionBudget;
}

function whyNone({ metadata: { name }, status }: PodDisruptionBudget): string {
  const { desiredHealthy = 0, currentHealthy = 0, conditions = [] } = status ?? {};
  const failed = conditions.find(
    ({ type, reason, status: state }) =>
      type === 'DisruptionAllowed' && state === 'False' && reason === 'SyncFailed',
  );
  const refused = `The disruption budget ${name} does not allow evicting pods currently`;
  if (failed !== undefined) return `${refused} because it failed sync: ${failed.message}`;
  return currentHealthy <= desiredHealthy
    ? `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
    : refused;
}

function beingProcessed(budget: string): string {
  return `The disruption budget ${budget} is still being processed by the server.`;
}

function tooManyRequests(cause: string, retryAfterSeconds?: number): ApiError {
  return new ApiError(
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      details: {
        causes: [{ reason: 'DisruptionBudget', message: cause }],
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      },
    },
  );
}
