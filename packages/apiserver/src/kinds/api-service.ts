import { dns1035LabelErrors, dns1123SubdomainErrors, pathSegmentErrors } from '@kubewright/api';
import { APIService } from '@kubewright/api/apiregistration/v1';
import { type FieldError, type FieldPath, invalid, path, required } from '../validation/field-error.js';
import { portNumber, validateFormat } from '../validation/formats.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules, objectMeta } from './kind-rules.js';

export const apiServiceRules = defineRules<APIService>({
  kind: APIService,
  metadataChecks: 'any finalizer',
  statusKeeps: objectMeta,
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
  validate: validateApiService,
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

const mostGroupPriority = 20_000;
const mostVersionPriority = 1_000;

/** Source: `ValidateAPIService` of apiregistration. */
function validateApiService({ metadata, spec }: APIService): FieldError[] {
  const field = path('spec');
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {};
  const errors: FieldError[] = [];
  const { name = '' } = metadata;
  const wanted = `${version}.${group}`;
  if (name !== '' && name !== wanted && pathSegmentErrors(name).length === 0)
    errors.push(
      invalid(
        path('metadata', 'name'),
        name,
        `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`,
      ),
    );
  if (group === '' && version !== 'v1')
    errors.push(
      required(field.child('group'), 'only v1 may have an empty group and it better be legacy kube'),
    );
  if (group !== '') errors.push(...validateFormat(dns1123SubdomainErrors, group, field.child('group')));
  errors.push(...validateFormat(dns1035LabelErrors, version, field.child('version')));
  const bounded = (member: string, value: number, most: number) => {
    if (value <= 0 || value > most)
      errors.push(invalid(field.child(member), value, `must be positive and less than ${most}`));
  };
  bounded('groupPriorityMinimum', groupPriorityMinimum, mostGroupPriority);
  bounded('versionPriority', versionPriority, mostVersionPriority);
  return [...errors, ...validateBackend(spec ?? {}, field)];
}

function validateBackend(
  { service, caBundle = '', insecureSkipTLSVerify = false }: Partial<NonNullable<APIService['spec']>>,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const skip = field.child('insecureSkipTLSVerify');
  if (service === undefined) {
    if (caBundle !== '')
      errors.push(
        invalid(
          field.child('caBundle'),
          `${Buffer.byteLength(caBundle, 'base64')} bytes`,
          'local APIServices may not have a caBundle',
        ),
      );
    if (insecureSkipTLSVerify)
      errors.push(invalid(skip, true, 'local APIServices may not have insecureSkipTLSVerify'));
    return errors;
  }
  const at = field.child('service');
  if (!service.namespace) errors.push(required(at.child('namespace')));
  if (!service.name) errors.push(required(at.child('name')));
  const { port = 0 } = service;
  if (portNumber(port).length > 0)
    errors.push(invalid(at.child('port'), port, `port is not valid: ${portNumber(port).join(', ')}`));
  if (insecureSkipTLSVerify && caBundle !== '')
    errors.push(invalid(skip, true, 'may not be true if caBundle is present'));
  return errors;
}
