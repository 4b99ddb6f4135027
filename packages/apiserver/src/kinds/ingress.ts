import { dns1123LabelErrors } from '@kubewright/api';
import { Ingress, IngressClass, type IngressClassParametersReference } from '@kubewright/api/networking/v1';
import { validateChoice } from '../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  path,
  required,
  tooLong,
} from '../validation/field-error.js';
import { validateDomainPrefixedPath, validateFormat } from '../validation/formats.js';
import { validateImmutable } from '../validation/immutable.js';
import { ageColumn, nameColumn, orNone, text } from './columns.js';
import {
  ingressWarnings,
  validateClassAnnotation,
  validateIngress,
  validateIngressStatus,
  validateObjectReference,
} from './ingress-validation.js';
import { defineRules } from './kind-rules.js';

const maxController = 250;
const shownHosts = 3;

export const ingressRules = defineRules<Ingress>({
  kind: Ingress,
  metadataChecks: 'as new',
  storageKey: 'ingress',
  generation: true,
  prepareForCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
  validate: validateIngress,
  validateCreate: validateClassAnnotation,
  warnings: ingressWarnings,
  columns: [
    nameColumn,
    text('Class', 'Which controller serves the ingress.', ({ spec }) => orNone(spec?.ingressClassName)),
    text('Hosts', 'Host names that are served.', hostsText),
    text('Address', 'Where the ingress is reached.', ({ status }) =>
      [...new Set((status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || ''))]
        .filter((address) => address !== '')
        .sort()
        .join(','),
    ),
    text('Ports', 'Ports that are open.', ({ spec }) => ((spec?.tls ?? []).length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
  subresources: { status: { validateUpdate: validateIngressStatus } },
});

export const ingressClassRules = defineRules<IngressClass>({
  kind: IngressClass,
  metadataChecks: 'as new',
  storageKey: 'ingressclasses',
  generation: true,
  default({ spec }) {
    if (spec?.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
  },
  validateCreate: validateIngressClass,
  validateUpdate: (object, old) => [
    ...validateImmutable(
      object.spec?.controller ?? '',
      old.spec?.controller ?? '',
      path('spec', 'controller'),
    ),
    ...validateIngressClass(object),
  ],
  columns: [
    nameColumn,
    text('Controller', 'Who serves the class.', ({ spec }) => spec?.controller ?? ''),
    text('Parameters', 'What else the controller reads.', ({ spec }) => {
      const parameters = spec?.parameters;
      if (parameters === undefined) return '<none>';
      const group = parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`;
      return `${parameters.kind}${group}/${parameters.name}`;
    }),
    ageColumn,
  ],
});

function hostsText({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const hosts = rules.map(({ host = '' }) => host).filter((host) => host !== '');
  if (hosts.length === 0) return '*';
  const list = hosts.slice(0, shownHosts).join(',');
  return hosts.length > shownHosts ? `${list} + ${rules.length - shownHosts} more...` : list;
}

function validateParameters(
  parameters: IngressClassParametersReference | undefined,
  field: FieldPath,
): FieldError[] {
  if (parameters === undefined) return [];
  const errors = validateObjectReference(parameters, field, () => '');
  const { scope, namespace } = parameters;
  const at = field.child('namespace');
  if (scope === undefined) return [...errors, required(field.child('scope'))];
  errors.push(...validateChoice(scope, ['Cluster', 'Namespace'], field.child('scope')));
  if (scope === 'Namespace')
    errors.push(
      ...(namespace === undefined
        ? [required(at, "`parameters.scope` is set to 'Namespace'")]
        : validateFormat(dns1123LabelErrors, namespace, at)),
    );
  if (scope === 'Cluster' && namespace !== undefined)
    errors.push(forbiddenField(at, "`parameters.scope` is set to 'Cluster'"));
  return errors;
}

function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const field = path('spec');
  const controller = spec?.controller ?? '';
  const at = field.child('controller');
  return [
    ...(controller.length > maxController ? [tooLong(at, maxController)] : []),
    ...validateDomainPrefixedPath(controller, at),
    ...validateParameters(spec?.parameters, field.child('parameters')),
  ];
}
