import { DaemonSet, type DaemonSetUpdateStrategy } from '@kubewright/api/apps/v1';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { validateImmutable } from '../validation/immutable.js';
import { validateNonNegative } from '../validation/numbers.js';
import { ageColumn, integer, labelsText, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { defaultPodTemplate } from './pod/pod-defaults.js';
import { containerColumns, selectorColumn } from './workload-columns.js';
import {
  isNone,
  validateAtMostAll,
  validateCountOrPercent,
  validateSelected,
  validateServiceTemplate,
  validateWorkloadSelector,
} from './workload-validation.js';

export const daemonSetRules = defineRules<DaemonSet>({
  kind: DaemonSet,
  storageKey: 'daemonsets',
  generation: true,
  default({ spec }) {
    if (spec === undefined) return;
    spec.template ??= {};
    defaultPodTemplate(spec.template);
    spec.updateStrategy ??= {};
    const strategy = spec.updateStrategy;
    strategy.type ||= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate ??= {};
      strategy.rollingUpdate.maxUnavailable ??= 1;
      strategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
  },
  prepareForCreate(set) {
    set.status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    };
  },
  validate({ spec }) {
    const field = path('spec');
    if (spec === undefined) return [required(field)];
    return [
      ...validateWorkloadSelector(
        spec.selector,
        field.child('selector'),
        'empty selector is invalid for daemonset',
      ),
      ...validateSelected(spec.selector, spec.template, field.child('template')),
      ...validateServiceTemplate(spec.template, field.child('template'), 'DaemonSet'),
      ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
      ...validateStrategy(spec.updateStrategy ?? {}, field.child('updateStrategy')),
      ...validateNonNegative(spec.revisionHistoryLimit, field.child('revisionHistoryLimit')),
    ];
  },
  validateUpdate: (set, old) =>
    validateImmutable(set.spec?.selector, old.spec?.selector, path('spec', 'selector')),
  columns: [
    nameColumn,
    integer('Desired', 'Nodes that should run the pod.', ({ status }) => status?.desiredNumberScheduled ?? 0),
    integer('Current', 'Nodes that have the pod.', ({ status }) => status?.currentNumberScheduled ?? 0),
    integer('Ready', 'Nodes whose pod is ready.', ({ status }) => status?.numberReady ?? 0),
    integer(
      'Up-to-date',
      'Nodes with a pod of the current template.',
      ({ status }) => status?.updatedNumberScheduled ?? 0,
    ),
    integer(
      'Available',
      'Nodes whose pod is ready for long enough.',
      ({ status }) => status?.numberAvailable ?? 0,
    ),
    text('Node Selector', 'Labels of the nodes that are meant.', ({ spec }) =>
      labelsText(spec?.template.spec?.nodeSelector),
    ),
    ageColumn,
    ...containerColumns<DaemonSet>(({ spec }) => spec?.template),
    selectorColumn(({ spec }) => spec?.selector),
  ],
});

function validateStrategy(strategy: DaemonSetUpdateStrategy, field: FieldPath): FieldError[] {
  const { type = '', rollingUpdate } = strategy;
  const at = field.child('rollingUpdate');
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate') return [notSupported(field, type, ['RollingUpdate', 'OnDelete'])];
  if (rollingUpdate === undefined) return [required(at)];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [
    ...validateCountOrPercent(maxUnavailable, at.child('maxUnavailable')),
    ...validateCountOrPercent(maxSurge, at.child('maxSurge')),
  ];
  if (!isNone(maxUnavailable) && !isNone(maxSurge))
    errors.push(invalid(at.child('maxSurge'), maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (isNone(maxUnavailable) && isNone(maxSurge))
    errors.push(required(at.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'));
  errors.push(
    ...validateAtMostAll(maxUnavailable, at.child('maxUnavailable')),
    ...validateAtMostAll(maxSurge, at.child('maxSurge')),
  );
  return errors;
}
