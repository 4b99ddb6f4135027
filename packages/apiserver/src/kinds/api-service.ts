import { pathSegmentErrors } from '@kubewright/api';
import { APIService } from '@kubewright/api/apiregistration/v1';
import { type FieldError, invalid, path, required } from '../validation/field-error.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';

export const apiServiceRules = defineRules<APIService>({
  kind: APIService,
  statusKeeps: 'all',
  needsResourceVersion: true,
  storageKey: 'apiregistration.k8s.io/apiservices',
  default({ spec }) {
    if (spec?.service !== undefined) spec.service.port ??= 443;
  },
  prepareForCreate(service) {
    service.status = {};
  },
  // A segment of a path: that of the core group ends with a dot.
  validateName: pathSegmentErrors,
  validate({ metadata, spec }) {
    const field = path('spec');
    const { group = '', version = '' } = spec ?? {};
    const errors: FieldError[] = [];
    const wanted = `${version}.${group}`;
    if (metadata.name !== wanted)
      errors.push(
        invalid(
          path('metadata', 'name'),
          metadata.name,
          `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`,
        ),
      );
    if (version === '') errors.push(required(field.child('version')));
    return errors;
  },
  columns: [
    nameColumn,
    text('Service', 'Who serves the version.', ({ spec }) =>
      spec?.service === undefined ? 'Local' : `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`,
    ),
    text('Available', 'Whether it answers.', ({ status }) => {
      const condition = status?.conditions?.find(({ type }) => type === 'Available');
      if (condition === undefined) return 'Unknown';
      return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
    }),
    ageColumn,
  ],
});
