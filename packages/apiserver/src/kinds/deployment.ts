import { Deployment, type DeploymentSpec, type DeploymentStrategy } from '@kubewright/api/apps/v1';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { sameValue, validateImmutable } from '../validation/immutable.js';
import { validateNonNegative } from '../validation/numbers.js';
import { ageColumn, count, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { dropDisabledPodFields } from './pod/disabled-fields.js';
import { defaultPodTemplate } from './pod/pod-defaults.js';
import { containerColumns, selectorColumn, selectorText } from './workload-columns.js';
import { workloadStatus } from './workload-status-validation.js';
import {
  isNone,
  validateAtMostAll,
  validateCountOrPercent,
  validateSelected,
  validateServiceTemplate,
  validateWorkloadSelector,
} from './workload-validation.js';
import { templateWarnings } from './workload-warnings.js';

export const deploymentRules = defineRules<Deployment>({
  kind: Deployment,
  storageKey: 'deployments',
  generation: true,
  statusKeeps: ['labels'],
  default(deployment) {
    deployment.spec ??= {} as DeploymentSpec;
    const { spec } = deployment;
    spec.replicas ??= 1;
    spec.template ??= {};
    defaultPodTemplate(spec.template);
    spec.strategy ??= {};
    defaultStrategy(spec.strategy);
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
  },
  dropDisabled: ({ spec }) => dropDisabledPodFields(spec?.template?.spec),
  prepareForCreate(deployment) {
    deployment.status = {};
  },
  prepareForUpdate({ metadata }, { metadata: old }) {
    // Annotations count as well: they go on to the ReplicaSets.
    if (!sameValue(metadata.annotations, old.annotations)) metadata.generation = (old.generation ?? 0) + 1;
  },
  validate: ({ spec }) => (spec === undefined ? [required(path('spec'))] : validateSpec(spec, path('spec'))),
  validateUpdate: (deployment, old) =>
    validateImmutable(deployment.spec?.selector, old.spec?.selector, path('spec', 'selector')),
  warnings: (object, old) => templateWarnings(object, old, object.spec?.template, path('spec', 'template')),
  columns: [
    nameColumn,
    text(
      'Ready',
      'Pods that are ready, and how many are wanted.',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    ),
    count('Up-to-date', 'Pods of the current template.', ({ status }) => status?.updatedReplicas ?? 0),
    count(
      'Available',
      'Pods that are ready for long enough.',
      ({ status }) => status?.availableReplicas ?? 0,
    ),
    ageColumn,
    ...containerColumns<Deployment>(({ spec }) => spec?.template),
    selectorColumn(({ spec }) => spec?.selector),
  ],
  scale: {
    replicas: ({ spec }) => spec?.replicas ?? 0,
    setReplicas(deployment, replicas) {
      if (deployment.spec !== undefined) deployment.spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorText(spec?.selector),
  },
  subresources: {
    status: workloadStatus<Deployment>({
      counts: [
        'observedGeneration',
        'replicas',
        'updatedReplicas',
        'readyReplicas',
        'availableReplicas',
        'unavailableReplicas',
        'terminatingReplicas',
        'collisionCount',
      ],
      parts: ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
      ready: 'readyReplicas',
    }),
  },
});

function defaultStrategy(strategy: DeploymentStrategy): void {
  strategy.type ||= 'RollingUpdate';
  if (strategy.type !== 'RollingUpdate') return;
  strategy.rollingUpdate ??= {};
  strategy.rollingUpdate.maxUnavailable ??= '25%';
  strategy.rollingUpdate.maxSurge ??= '25%';
}

function validateSpec(spec: DeploymentSpec, field: FieldPath): FieldError[] {
  const deadline = spec.progressDeadlineSeconds;
  const deadlineField = field.child('progressDeadlineSeconds');
  const errors = [
    ...validateNonNegative(spec.replicas, field.child('replicas')),
    ...validateWorkloadSelector(
      spec.selector,
      field.child('selector'),
      'empty selector is invalid for deployment',
    ),
    ...validateSelected(spec.selector, spec.template, field.child('template')),
    ...validateServiceTemplate(spec.template, field.child('template'), 'ReplicaSet'),
    ...validateStrategy(spec.strategy ?? {}, field.child('strategy')),
    ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
    ...validateNonNegative(spec.revisionHistoryLimit, field.child('revisionHistoryLimit')),
    ...validateNonNegative(deadline, deadlineField),
  ];
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0))
    errors.push(invalid(deadlineField, deadline, 'must be greater than minReadySeconds'));
  return errors;
}

function validateStrategy({ type = '', rollingUpdate }: DeploymentStrategy, field: FieldPath): FieldError[] {
  const at = field.child('rollingUpdate');
  if (type === 'Recreate')
    return rollingUpdate === undefined
      ? []
      : [forbiddenField(at, "may not be specified when strategy `type` is 'Recreate'")];
  if (type !== 'RollingUpdate')
    return [notSupported(field, internalStrategy(type, rollingUpdate), ['Recreate', 'RollingUpdate'])];
  if (rollingUpdate === undefined) return [required(at, 'this should be defaulted and never be nil')];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [
    ...validateCountOrPercent(maxUnavailable, at.child('maxUnavailable')),
    ...validateCountOrPercent(maxSurge, at.child('maxSurge')),
  ];
  if (isNone(maxUnavailable) && isNone(maxSurge))
    errors.push(
      invalid(at.child('maxUnavailable'), maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'),
    );
  errors.push(...validateAtMostAll(maxUnavailable, at.child('maxUnavailable')));
  return errors;
}

/** Upstream shows the strategy in its internal form here. */
function internalStrategy(type: string, rollingUpdate: DeploymentStrategy['rollingUpdate']): object {
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  return {
    Type: type,
    RollingUpdate:
      rollingUpdate === undefined ? null : { MaxUnavailable: maxUnavailable, MaxSurge: maxSurge },
  };
}
