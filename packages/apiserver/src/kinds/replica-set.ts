import { ReplicaSet, type ReplicaSetSpec } from '@kubewright/api/apps/v1';
import { path, required } from '../validation/field-error.js';
import { validateImmutable } from '../validation/immutable.js';
import { validateNonNegative } from '../validation/numbers.js';
import { ageColumn, integer, nameColumn } from './columns.js';
import { defineRules } from './kind-rules.js';
import { dropDisabledPodFields } from './pod/disabled-fields.js';
import { defaultPodTemplate } from './pod/pod-defaults.js';
import { containerColumns, selectorColumn, selectorText } from './workload-columns.js';
import { workloadStatus } from './workload-status-validation.js';
import {
  validateSelected,
  validateServiceTemplate,
  validateWorkloadSelector,
} from './workload-validation.js';
import { templateWarnings } from './workload-warnings.js';

export const replicaSetRules = defineRules<ReplicaSet>({
  kind: ReplicaSet,
  storageKey: 'replicasets',
  generation: true,
  default(set) {
    set.spec ??= {} as ReplicaSetSpec;
    const { spec } = set;
    spec.replicas ??= 1;
    spec.template ??= {};
    defaultPodTemplate(spec.template);
  },
  dropDisabled: ({ spec }) => dropDisabledPodFields(spec?.template?.spec),
  prepareForCreate(set) {
    set.status = { replicas: 0 };
  },
  validate({ spec }) {
    const field = path('spec');
    if (spec === undefined) return [required(field)];
    const template = spec.template ?? {};
    return [
      ...validateNonNegative(spec.replicas, field.child('replicas')),
      ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
      ...validateWorkloadSelector(
        spec.selector,
        field.child('selector'),
        'empty selector is invalid for deployment',
      ),
      ...validateSelected(spec.selector, template, field.child('template')),
      ...validateServiceTemplate(template, field.child('template'), 'ReplicaSet'),
    ];
  },
  validateUpdate: (set, old) =>
    validateImmutable(set.spec?.selector, old.spec?.selector, path('spec', 'selector')),
  warnings: (object, old) => templateWarnings(object, old, object.spec?.template, path('spec', 'template')),
  columns: [
    nameColumn,
    integer('Desired', 'Pods that are wanted.', ({ spec }) => spec?.replicas ?? 0),
    integer('Current', 'Pods that there are.', ({ status }) => status?.replicas ?? 0),
    integer('Ready', 'Pods that are ready.', ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<ReplicaSet>(({ spec }) => spec?.template),
    selectorColumn(({ spec }) => spec?.selector),
  ],
  scale: {
    replicas: ({ spec }) => spec?.replicas ?? 0,
    setReplicas(set, replicas) {
      if (set.spec !== undefined) set.spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorText(spec?.selector),
  },
  subresources: {
    status: workloadStatus<ReplicaSet>({
      counts: [
        'replicas',
        'fullyLabeledReplicas',
        'readyReplicas',
        'availableReplicas',
        'observedGeneration',
        'terminatingReplicas',
      ],
      parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
      ready: 'readyReplicas',
    }),
  },
});
