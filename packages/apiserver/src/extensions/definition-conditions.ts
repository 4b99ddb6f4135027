import { formatTime } from '@kubewright/api';
import type {
  CustomResourceDefinitionCondition as Condition,
  CustomResourceDefinition,
} from '@kubewright/api/apiextensions/v1';

import { isCaBundle } from './ca-bundle.js';

type Status = NonNullable<CustomResourceDefinition['status']>;

/** Whether a condition is there and true. */
export function isTrue(status: Status | undefined, type: string): boolean {
  return status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
}

/** The status with that condition; its time moves on where its status is another one. Source: `SetCRDCondition`. */
export function withCondition(status: Status, condition: Condition, now: number): Status {
  const conditions = status.conditions ?? [];
  const old = conditions.find(({ type }) => type === condition.type);
  const kept = old?.status === condition.status ? old.lastTransitionTime : undefined;
  const next = { lastTransitionTime: kept ?? formatTime(now), ...condition };
  return {
    ...status,
    conditions:
      old === undefined ? [...conditions, next] : conditions.map((one) => (one === old ? next : one)),
  };
}

/** Whether a definition is served: once it is, it stays so. Source: apiextensions' `EstablishingController`. */
export function establishmentOf(
  status: Status,
  conversion: CustomResourceDefinition['spec']['conversion'],
): Condition {
  const old = status.conditions?.find(({ type }) => type === 'Established');
  if (old?.status === 'True') return old;
  const type = 'Established';
  if (!isTrue(status, 'NamesAccepted'))
    return old ?? { type, status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
  const bundle = conversion?.webhook?.clientConfig?.caBundle;
  if (bundle !== undefined && bundle !== '' && !isCaBundle(bundle))
    return {
      type,
      status: 'False',
      reason: 'InvalidCABundle',
      message: 'The conversion webhook CABundle is invalid',
    };
  return {
    type,
    status: 'True',
    reason: 'InitialNamesAccepted',
    message: 'the initial names have been accepted',
  };
}

/** Of the deletion of a definition and, before it, of its objects. */
export const terminating = {
  pending: {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  },
  inProgress: {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  },
  completed: {
    type: 'Terminating',
    status: 'False',
    reason: 'InstanceDeletionCompleted',
    message: 'removed all instances',
  },
  neverEstablished: {
    type: 'Terminating',
    status: 'False',
    reason: 'NeverEstablished',
    message: 'resource was never established',
  },
  failed: (why: string): Condition => ({
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionFailed',
    message: `could not issue all deletes: ${why}`,
  }),
} as const;

/** Holds a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
