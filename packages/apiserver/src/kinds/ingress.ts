import { dns1123SubdomainErrors, qualifiedNameErrors, wildcardDns1123SubdomainErrors } from '@kubewright/api';
import {
  type HTTPIngressPath,
  Ingress,
  type IngressBackend,
  IngressClass,
} from '@kubewright/api/networking/v1';
import { validateRequiredChoice } from '../validation/choices.js';
import { type FieldError, type FieldPath, invalid, path, required } from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { validateImmutable } from '../validation/immutable.js';
import { ageColumn, nameColumn, orNone, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { validatePort } from './pod/handler-validation.js';

const shownHosts = 3;

export const ingressRules = defineRules<Ingress>({
  kind: Ingress,
  storageKey: 'ingress',
  generation: true,
  prepareForCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
  validate({ spec }) {
    const field = path('spec');
    const rules = spec?.rules ?? [];
    const errors: FieldError[] = [];
    if (rules.length === 0 && spec?.defaultBackend === undefined)
      errors.push(
        invalid(field, spec?.rules ?? null, 'either `defaultBackend` or `rules` must be specified'),
      );
    if (spec?.defaultBackend !== undefined)
      errors.push(...validateBackend(spec.defaultBackend, field.child('defaultBackend')));
    rules.forEach(({ host = '', http }, index) => {
      const at = field.child('rules').index(index);
      if (host !== '') errors.push(...validateHost(host, at.child('host')));
      (http?.paths ?? []).forEach((one, pathIndex) => {
        errors.push(...validatePath(one, at.child('http', 'paths').index(pathIndex)));
      });
      if (http !== undefined && (http.paths ?? []).length === 0)
        errors.push(required(at.child('http', 'paths')));
    });
    (spec?.tls ?? []).forEach(({ hosts = [] }, index) => {
      hosts.forEach((host, hostIndex) => {
        errors.push(...validateHost(host, field.child('tls').index(index).child('hosts').index(hostIndex)));
      });
    });
    if (spec?.ingressClassName !== undefined)
      errors.push(
        ...validateFormat(dns1123SubdomainErrors, spec.ingressClassName, field.child('ingressClassName')),
      );
    return errors;
  },
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
});

export const ingressClassRules = defineRules<IngressClass>({
  kind: IngressClass,
  storageKey: 'ingressclasses',
  generation: true,
  default({ spec }) {
    if (spec?.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
  },
  validate({ spec }) {
    const field = path('spec', 'controller');
    const controller = spec?.controller ?? '';
    if (controller === '') return [required(field)];
    return validateFormat(qualifiedNameErrors, controller, field);
  },
  validateUpdate: (object, old) =>
    validateImmutable(object.spec?.controller, old.spec?.controller, path('spec', 'controller')),
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

function validateHost(host: string, field: FieldPath): FieldError[] {
  const isWildcard = host.includes('*');
  return validateFormat(isWildcard ? wildcardDns1123SubdomainErrors : dns1123SubdomainErrors, host, field);
}

function validatePath(
  { path: prefix = '', pathType, backend }: HTTPIngressPath,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!pathType) errors.push(required(field.child('pathType'), 'pathType must be specified'));
  else
    errors.push(
      ...validateRequiredChoice(
        pathType,
        ['Exact', 'ImplementationSpecific', 'Prefix'],
        field.child('pathType'),
      ),
    );
  const mayBeEmpty = pathType === 'ImplementationSpecific' && prefix === '';
  if (!mayBeEmpty && !prefix.startsWith('/'))
    errors.push(invalid(field.child('path'), prefix, 'must be an absolute path'));
  errors.push(...validateBackend(backend ?? {}, field.child('backend')));
  return errors;
}

function validateBackend({ service, resource }: IngressBackend, field: FieldPath): FieldError[] {
  if (service !== undefined && resource !== undefined)
    return [invalid(field, '', 'cannot set both resource and service backends')];
  if (resource !== undefined) return [];
  const at = field.child('service');
  if (service === undefined) return [required(field, 'resource or service backend is required')];
  const { number, name } = service.port ?? {};
  const errors: FieldError[] = service.name ? [] : [required(at.child('name'))];
  if (number && name) errors.push(invalid(field, '', 'cannot set both port name & port number'));
  else if (!number && !name) errors.push(required(field, 'port name or number is required'));
  else errors.push(...validatePort(number || name, at.child('port', number ? 'number' : 'name')));
  return errors;
}
