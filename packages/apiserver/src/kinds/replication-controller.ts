import { ReplicationController } from '@kubewright/api/core/v1';
import { path, required } from '../validation/field-error.js';
import { validateNonNegative } from '../validation/numbers.js';
import { ageColumn, integer, labelsText, nameColumn, text, wide } from './columns.js';
import { defineRules } from './kind-rules.js';
import { dropDisabledPodFields } from './pod/disabled-fields.js';
import { defaultPodTemplate } from './pod/pod-defaults.js';
import { containerColumns, selectorText } from './workload-columns.js';
import { workloadStatus } from './workload-status-validation.js';
import { validateLabelsHold, validateServiceTemplate } from './workload-validation.js';
import { templateWarnings } from './workload-warnings.js';

export const replicationControllerRules = defineRules<ReplicationController>({
  kind: ReplicationController,
  storageKey: 'controllers',
  generation: true,
  defaultPropagation: 'Orphan',
  default({ metadata, spec }) {
    if (spec === undefined) return;
    spec.replicas ??= 1;
    if (spec.template === undefined) return;
    defaultPodTemplate(spec.template);
    const labels = spec.template.metadata?.labels;
    if (labels === undefined) return;
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  },
  dropDisabled: ({ spec }) => dropDisabledPodFields(spec?.template?.spec),
  prepareForCreate(controller) {
    controller.status = { replicas: 0 };
  },
  validate({ spec }) {
    const field = path('spec');
    const selector = spec?.selector ?? {};
    const template = field.child('template');
    return [
      ...validateNonNegative(spec?.minReadySeconds, field.child('minReadySeconds')),
      ...(Object.keys(selector).length === 0 ? [required(field.child('selector'))] : []),
      ...validateNonNegative(spec?.replicas, field.child('replicas')),
      ...(spec?.template === undefined
        ? [required(template)]
        : [
            ...validateLabelsHold(selector, spec.template, template),
            ...validateServiceTemplate(spec.template, template, 'ReplicationController'),
          ]),
    ];
  },
  fields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  fieldsRead: ['status.replicas'],
  warnings: (object, old) => templateWarnings(object, old, object.spec?.template, path('spec', 'template')),
  columns: [
    nameColumn,
    integer('Desired', 'Pods that are wanted.', ({ spec }) => spec?.replicas ?? 0),
    integer('Current', 'Pods that there are.', ({ status }) => status?.replicas ?? 0),
    integer('Ready', 'Pods that are ready.', ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<ReplicationController>(({ spec }) => spec?.template),
    wide(text('Selector', 'Selects the pods.', ({ spec }) => labelsText(spec?.selector))),
  ],
  scale: {
    replicas: ({ spec }) => spec?.replicas ?? 0,
    setReplicas(controller, replicas) {
      if (controller.spec !== undefined) controller.spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorText({ matchLabels: spec?.selector }),
  },
  subresources: {
    status: workloadStatus<ReplicationController>({
      counts: [
        'replicas',
        'fullyLabeledReplicas',
        'readyReplicas',
        'availableReplicas',
        'observedGeneration',
      ],
      parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
      ready: 'readyReplicas',
    }),
  },
});
