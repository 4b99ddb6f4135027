import { DaemonSet, type DaemonSetSpec, type DaemonSetUpdateStrategy } from '@kubewright/api/apps/v1';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { sameValue, validateImmutable } from '../validation/immutable.js';
import { isEmptySelector, validateLabelSelector } from '../validation/label-selector.js';
import { validateNonNegative } from '../validation/numbers.js';
import { ageColumn, integer, labelsText, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { dropDisabledPodFields } from './pod/disabled-fields.js';
import { defaultPodTemplate } from './pod/pod-defaults.js';
import { containerColumns, selectorColumn } from './workload-columns.js';
import { workloadStatus } from './workload-status-validation.js';
import {
  isNone,
  validateAtMostAll,
  validateCountOrPercent,
  validateSelected,
  validateServiceTemplate,
} from './workload-validation.js';
import { templateWarnings } from './workload-warnings.js';

export const daemonSetRules = defineRules<DaemonSet>({
  kind: DaemonSet,
  storageKey: 'daemonsets',
  generation: true,
  default(set) {
    const { metadata } = set;
    metadata.annotations = { [templateGeneration]: '0', ...metadata.annotations };
    set.spec ??= {} as DaemonSetSpec;
    const { spec } = set;
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
  dropDisabled: ({ spec }) => dropDisabledPodFields(spec?.template?.spec),
  prepareForCreate(set) {
    if (!(templateGenerationOf(set) > 0)) setTemplateGeneration(set, 1);
    set.status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    };
  },
  prepareForUpdate(set, old) {
    const generation = templateGenerationOf(old);
    const same = sameValue(set.spec?.template, old.spec?.template);
    setTemplateGeneration(set, same ? generation : generation + 1);
  },
  validateCreate: validateDaemonSet,
  validateUpdate: (set, old) => [
    ...validateImmutable(set.spec?.selector, old.spec?.selector, path('spec', 'selector')),
    ...validateDaemonSet(set),
  ],
  warnings: (object, old) =>
    templateWarnings(object, old, object.spec?.template, path('spec', 'template'), { named: false }),
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
  subresources: {
    status: {
      // It belongs to the spec, whatever stands in the annotation.
      prepareForUpdate: (set, old) => setTemplateGeneration(set, templateGenerationOf(old)),
      ...workloadStatus<DaemonSet>({
        counts: [
          'currentNumberScheduled',
          'numberMisscheduled',
          'desiredNumberScheduled',
          'numberReady',
          'observedGeneration',
          'updatedNumberScheduled',
          'numberAvailable',
          'numberUnavailable',
          'collisionCount',
        ],
      }),
    },
  },
});

function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const field = path('spec');
  if (spec === undefined) return [required(field)];
  const selector = field.child('selector');
  // Without any selector nothing is selected: upstream has no error of its own for it.
  return [
    ...validateLabelSelector(spec.selector, selector),
    ...validateSelected(spec.selector, spec.template, field.child('template'), 'said elsewhere'),
    ...(spec.selector !== undefined && isEmptySelector(spec.selector)
      ? [invalid(selector, spec.selector, 'empty selector is invalid for daemonset')]
      : []),
    ...validateServiceTemplate(spec.template, field.child('template'), 'DaemonSet'),
    ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
    ...validateStrategy(spec.updateStrategy ?? {}, field.child('updateStrategy')),
    ...validateNonNegative(spec.revisionHistoryLimit, field.child('revisionHistoryLimit')),
  ];
}

function validateStrategy(strategy: DaemonSetUpdateStrategy, field: FieldPath): FieldError[] {
  const { type = '', rollingUpdate } = strategy;
  const at = field.child('rollingUpdate');
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate')
    return [notSupported(field, internalStrategy(type, rollingUpdate), ['RollingUpdate', 'OnDelete'])];
  if (rollingUpdate === undefined) return [required(at)];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [
    ...validateCountOrPercent(maxUnavailable, at.child('maxUnavailable')),
    ...validateCountOrPercent(maxSurge, at.child('maxSurge')),
    ...validateAtMostAll(maxUnavailable, at.child('maxUnavailable')),
    ...validateAtMostAll(maxSurge, at.child('maxSurge')),
  ];
  if (!isNone(maxUnavailable) && !isNone(maxSurge))
    errors.push(invalid(at.child('maxSurge'), maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (isNone(maxUnavailable) && isNone(maxSurge))
    errors.push(required(at.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'));
  return errors;
}

/** Upstream shows the strategy in its internal form here. */
function internalStrategy(type: string, rollingUpdate: DaemonSetUpdateStrategy['rollingUpdate']): object {
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  return {
    Type: type,
    RollingUpdate:
      rollingUpdate === undefined ? null : { MaxUnavailable: maxUnavailable, MaxSurge: maxSurge },
  };
}

/** A field of versions long gone that lives on as an annotation: it counts changes of the template. */
const templateGeneration = 'deprecated.daemonset.template.generation';

function templateGenerationOf({ metadata }: DaemonSet): number {
  const value = Number(metadata.annotations?.[templateGeneration] ?? '0');
  return Number.isSafeInteger(value) ? value : 0;
}

function setTemplateGeneration({ metadata }: DaemonSet, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(generation) };
}
