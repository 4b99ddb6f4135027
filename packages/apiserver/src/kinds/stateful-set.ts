import { dns1123LabelErrors } from '@kubewright/api';
import { StatefulSet, type StatefulSetSpec, type StatefulSetUpdateStrategy } from '@kubewright/api/apps/v1';
import type { PodTemplateSpec } from '@kubewright/api/core/v1';
import { validateChoice } from '../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { sameValue } from '../validation/immutable.js';
import { validateLabels } from '../validation/label-selector.js';
import { validateNonNegative } from '../validation/numbers.js';
import { validateAnnotations } from '../validation/object-meta.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { validateClaimSpec } from './persistent-volume-claim-validation.js';
import { dropDisabledPodFields } from './pod/disabled-fields.js';
import { defaultPodTemplate } from './pod/pod-defaults.js';
import { validatePodAnnotations, validatePodTemplate } from './pod/pod-validation.js';
import { defaultClaimSpec } from './pod/volume-defaults.js';
import { fractionWarnings } from './warnings.js';
import { containerColumns, selectorText } from './workload-columns.js';
import { workloadStatus } from './workload-status-validation.js';
import {
  isNone,
  validateAtMostAll,
  validateCountOrPercent,
  validateSelected,
  validateWorkloadSelector,
} from './workload-validation.js';
import { templateWarnings } from './workload-warnings.js';

export const statefulSetRules = defineRules<StatefulSet>({
  kind: StatefulSet,
  storageKey: 'statefulsets',
  // Pods are named after the set, and their names are host names.
  validateName: dns1123LabelErrors,
  generation: true,
  default(set) {
    set.spec ??= {} as StatefulSetSpec;
    defaultSpec(set.spec);
  },
  dropDisabled: ({ spec }) => dropDisabledPodFields(spec?.template?.spec),
  prepareForCreate(set) {
    set.status = { replicas: 0, availableReplicas: 0 };
    dropMaxUnavailable(set);
  },
  prepareForUpdate(set, old) {
    if (old.spec?.updateStrategy?.rollingUpdate?.maxUnavailable === undefined) dropMaxUnavailable(set);
  },
  validateCreate: ({ spec }) => validateSpec(spec, path('spec'), { isNew: true, checksTemplate: true }),
  validateUpdate(set, old) {
    // What was bad before may stay, or nobody could scale it.
    const wasValid =
      validateSpec(old.spec, path('spec'), { isNew: false, checksTemplate: true }).length === 0;
    const errors = validateSpec(set.spec, path('spec'), { isNew: false, checksTemplate: wasValid });
    const masked = { ...set.spec };
    for (const name of changeable) Object.assign(masked, { [name]: old.spec?.[name] });
    return sameValue(masked, old.spec)
      ? errors
      : [
          ...errors,
          forbiddenField(
            path('spec'),
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        ];
  },
  warnings: (set, old) => [
    ...templateWarnings(set, old, set.spec?.template, path('spec', 'template'), { named: false }),
    ...claimWarnings(set, old),
  ],
  columns: [
    nameColumn,
    text(
      'Ready',
      'Pods that are ready, and how many are wanted.',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    ),
    ageColumn,
    ...containerColumns<StatefulSet>(({ spec }) => spec?.template),
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
    status: workloadStatus<StatefulSet>({
      counts: [
        'replicas',
        'readyReplicas',
        'currentReplicas',
        'updatedReplicas',
        'availableReplicas',
        'observedGeneration',
        'collisionCount',
      ],
      parts: ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
      ready: 'status.readyReplicas',
    }),
  },
});

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const satisfies readonly (keyof StatefulSetSpec)[];

/** The feature MaxUnavailableStatefulSet is off by default. Source: `kubernetes_feature_enabled` of a kube-apiserver 1.36.3. */
function dropMaxUnavailable({ spec }: StatefulSet): void {
  delete spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
}

function defaultSpec(spec: StatefulSetSpec): void {
  spec.template ??= {};
  defaultPodTemplate(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    if (claim.spec !== undefined) defaultClaimSpec(claim.spec);
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
  }
  spec.podManagementPolicy ||= 'OrderedReady';
  spec.updateStrategy ??= {};
  const strategy = spec.updateStrategy;
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate !== undefined) {
    strategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
}

/** The template as the pods get it: with a volume for each claim, and with the names that the set gives them. */
function templateOfPods({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  if (template.spec === undefined) return template;
  const { hostname, subdomain, volumes: own = [], ...spec } = template.spec;
  if (volumeClaimTemplates.length === 0) {
    if (hostname === undefined && subdomain === undefined) return template;
    return { ...template, spec: { ...spec, ...(own.length === 0 ? {} : { volumes: own }) } };
  }
  const claims = new Set(volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? ''));
  const volumes = [
    ...[...claims].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
    ...own.filter(({ name }) => !claims.has(name)),
  ];
  return { ...template, spec: { ...spec, volumes } };
}

/** What is looked at: what can't change only once, and no template that was bad already. */
interface SpecChecks {
  readonly isNew: boolean;
  readonly checksTemplate: boolean;
}

function validateSpec(
  spec: StatefulSetSpec | undefined,
  field: FieldPath,
  { isNew, checksTemplate }: SpecChecks,
): FieldError[] {
  if (spec === undefined) return [required(field)];
  const { template } = spec;
  const at = field.child('template');
  const errors: FieldError[] = [];
  const policy = spec.podManagementPolicy ?? '';
  const policyField = field.child('podManagementPolicy');
  if (policy === '') errors.push(required(policyField));
  else if (policy !== 'OrderedReady' && policy !== 'Parallel')
    errors.push(invalid(policyField, policy, "must be 'OrderedReady' or 'Parallel'"));
  errors.push(...validateStrategy(spec.updateStrategy ?? {}, field.child('updateStrategy')));
  for (const name of ['whenDeleted', 'whenScaled'] as const)
    errors.push(
      ...validateChoice(
        spec.persistentVolumeClaimRetentionPolicy?.[name],
        ['Retain', 'Delete'],
        field.child('persistentVolumeClaimRetentionPolicy', name),
      ),
    );
  const claims = isNew ? (spec.volumeClaimTemplates ?? []) : [];
  claims.forEach((claim, index) => {
    const claimField = field.child('volumeClaimTemplates').index(index).child('spec');
    errors.push(...validateClaimSpec(claim.spec ?? {}, claimField));
  });
  errors.push(
    ...validateNonNegative(spec.replicas, field.child('replicas')),
    ...validateNonNegative(spec.minReadySeconds, field.child('minReadySeconds')),
    ...validateNonNegative(spec.ordinals?.start, field.child('ordinals', 'start')),
    ...(isNew && spec.serviceName
      ? validateFormat(dns1123LabelErrors, spec.serviceName, field.child('serviceName'))
      : []),
    ...validateWorkloadSelector(
      spec.selector,
      field.child('selector'),
      'empty selector is invalid for statefulset',
    ),
    ...validateSelected(spec.selector, template, at, { selector: field.child('selector'), detail: '' }),
    ...(checksTemplate ? validatePodTemplate(templateOfPods(spec), at) : []),
    ...validateLabels(template.metadata?.labels, at.child('labels')),
    ...validateAnnotations(template.metadata?.annotations, at.child('annotations')),
    ...validatePodAnnotations(
      template.metadata ?? {},
      template.spec ?? { containers: [] },
      at.child('annotations'),
    ),
  );
  if (template.spec?.restartPolicy !== 'Always')
    errors.push(
      notSupported(at.child('spec', 'restartPolicy'), template.spec?.restartPolicy ?? '', ['Always']),
    );
  if (template.spec?.activeDeadlineSeconds !== undefined)
    errors.push(
      forbiddenField(
        at.child('spec', 'activeDeadlineSeconds'),
        'activeDeadlineSeconds in StatefulSet is not Supported',
      ),
    );
  return errors;
}

function validateStrategy(
  { type = '', rollingUpdate }: StatefulSetUpdateStrategy,
  field: FieldPath,
): FieldError[] {
  const at = field.child('rollingUpdate');
  if (type === '') return [required(field)];
  if (type === 'OnDelete')
    return rollingUpdate === undefined
      ? []
      : [
          invalid(
            at,
            { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: rollingUpdate.maxUnavailable ?? null },
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        ];
  if (type !== 'RollingUpdate')
    return [invalid(field, internalStrategy(type, rollingUpdate), "must be 'RollingUpdate' or 'OnDelete'")];
  const errors = validateNonNegative(rollingUpdate?.partition, at.child('partition'));
  const maxUnavailable = rollingUpdate?.maxUnavailable;
  if (maxUnavailable === undefined) return errors;
  const most = at.child('maxUnavailable');
  errors.push(...validateCountOrPercent(maxUnavailable, most));
  if (isNone(maxUnavailable)) errors.push(invalid(most, maxUnavailable, 'cannot be 0'));
  return [...errors, ...validateAtMostAll(maxUnavailable, most)];
}

/** Upstream shows the strategy in its internal form here. */
function internalStrategy(type: string, rollingUpdate: StatefulSetUpdateStrategy['rollingUpdate']): object {
  const { partition = 0, maxUnavailable = null } = rollingUpdate ?? {};
  return {
    Type: type,
    RollingUpdate:
      rollingUpdate === undefined ? null : { Partition: partition, MaxUnavailable: maxUnavailable },
  };
}

function claimWarnings({ metadata, spec }: StatefulSet, old: StatefulSet | undefined): string[] {
  if (old !== undefined && old.metadata.generation === metadata.generation) return [];
  const field = path('spec', 'volumeClaimTemplates');
  const warnings = (spec?.volumeClaimTemplates ?? []).flatMap(({ spec: claim }, index) =>
    (['requests', 'limits'] as const).flatMap((list) =>
      fractionWarnings(
        claim?.resources?.[list]?.storage,
        // The odd spelling of the second form is upstream's.
        field
          .index(index)
          .child(old === undefined ? '' : 'Spec', 'resources', list)
          .key('storage'),
      ),
    ),
  );
  if ((spec?.revisionHistoryLimit ?? 0) < 0)
    warnings.push(
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    );
  return warnings;
}
