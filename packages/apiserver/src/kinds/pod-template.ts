import { controllerOf } from '@kubewright/api';
import { ControllerRevision } from '@kubewright/api/apps/v1';
import { PodTemplate } from '@kubewright/api/core/v1';
import { path, required } from '../validation/field-error.js';
import { validateImmutable } from '../validation/immutable.js';
import { validateNonNegative } from '../validation/numbers.js';
import { ageColumn, count, labelsText, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { dropDisabledPodFields } from './pod/disabled-fields.js';
import { defaultPodTemplate } from './pod/pod-defaults.js';
import { validatePodTemplate } from './pod/pod-validation.js';
import { containerColumns } from './workload-columns.js';
import { templateWarnings } from './workload-warnings.js';

export const podTemplateRules = defineRules<PodTemplate>({
  kind: PodTemplate,
  storageKey: 'podtemplates',
  generation: true,
  returnsDeleted: true,
  default(object) {
    object.template ??= {};
    defaultPodTemplate(object.template);
  },
  dropDisabled: ({ template }) => dropDisabledPodFields(template?.spec),
  validate: ({ template }) => validatePodTemplate(template ?? {}, path('template')),
  warnings: (object, old) =>
    templateWarnings(object, old, object.template, path('template'), { named: false }),
  columns: [
    nameColumn,
    ...containerColumns<PodTemplate>(({ template }) => template).map((column) => ({
      ...column,
      priority: 0,
    })),
    text('Pod Labels', 'Labels of a pod.', ({ template }) => labelsText(template?.metadata?.labels)),
  ],
});

export const controllerRevisionRules = defineRules<ControllerRevision>({
  kind: ControllerRevision,
  metadataChecks: 'as new',
  storageKey: 'controllerrevisions',
  validate: ({ data, revision }) => [
    // What is not there is null.
    ...((data ?? undefined) === undefined ? [required(path('data'), 'data is mandatory')] : []),
    ...validateNonNegative(revision, path('revision')),
  ],
  validateUpdate: (object, old) => validateImmutable(object.data, old.data, path('data')),
  columns: [
    nameColumn,
    text('Controller', 'Who keeps the revision.', (object) => {
      const owner = controllerOf(object);
      if (owner === undefined) return '<none>';
      const [group] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : [''];
      return `${owner.kind.toLowerCase()}${group ? `.${group}` : ''}/${owner.name}`;
    }),
    count('Revision', 'Number of the revision.', ({ revision }) => revision),
    ageColumn,
  ],
});
