import {
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  pathSegmentErrors,
  wildcardDns1123SubdomainErrors,
} from '@kubewright/api';
import type { HTTPIngressPath, Ingress, IngressBackend } from '@kubewright/api/networking/v1';
import { familyOf, validateAddress } from '../validation/addresses.js';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { validatePort } from './pod/handler-validation.js';

const classAnnotation = 'kubernetes.io/ingress.class';
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const badParts = ['//', '/./', '/../', '%2f', '%2F'];
const badEnds = ['/..', '/.'];

/** An Ingress but for its metadata. Source: `ValidateIngressSpec` of networking. */
export function validateIngress({ spec }: Ingress): FieldError[] {
  const field = path('spec');
  const rules = spec?.rules ?? [];
  const errors: FieldError[] = [];
  if (rules.length === 0 && spec?.defaultBackend === undefined)
    errors.push(invalid(field, spec?.rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
  if (spec?.defaultBackend !== undefined)
    errors.push(...validateBackend(spec.defaultBackend, field.child('defaultBackend')));
  rules.forEach(({ host = '', http }, index) => {
    const at = field.child('rules').index(index);
    if (host !== '') {
      if (familyOf(host) !== undefined) errors.push(notAName(at.child('host'), host));
      errors.push(...validateHost(host, at.child('host')));
    }
    if (http === undefined) return;
    const paths = at.child('http', 'paths');
    if ((http.paths ?? []).length === 0) errors.push(required(paths));
    (http.paths ?? []).forEach((one, pathIndex) => {
      errors.push(...validatePath(one, paths.index(pathIndex)));
    });
  });
  (spec?.tls ?? []).forEach(({ hosts = [], secretName }, index) => {
    const at = field.child('tls').index(index);
    hosts.forEach((host, hostIndex) => {
      errors.push(...validateHost(host, at.child('hosts').index(hostIndex)));
    });
    if (secretName)
      errors.push(...validateFormat(dns1123SubdomainErrors, secretName, at.child('secretName')));
  });
  if (spec?.ingressClassName !== undefined)
    errors.push(
      ...validateFormat(dns1123SubdomainErrors, spec.ingressClassName, field.child('ingressClassName')),
    );
  return errors;
}

/** The class of old, an annotation, must not contradict the field. */
export function validateClassAnnotation({ metadata, spec }: Ingress): FieldError[] {
  const annotation = metadata.annotations?.[classAnnotation];
  const name = spec?.ingressClassName;
  return annotation !== undefined && name !== undefined && annotation !== name
    ? [
        invalid(
          path('annotations', classAnnotation),
          annotation,
          'must match `ingressClassName` when both are specified',
        ),
      ]
    : [];
}

export function ingressWarnings({ metadata, spec }: Ingress, old: Ingress | undefined): string[] {
  const isNew = old === undefined && spec?.ingressClassName === undefined;
  return !isNew || metadata.annotations?.[classAnnotation] === undefined
    ? []
    : [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`];
}

export function validateIngressStatus({ status }: Ingress): FieldError[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, index) => {
    const at = path('status', 'loadBalancer', 'ingress').index(index);
    const errors = ip ? validateAddress(ip, at.child('ip')) : [];
    if (!hostname) return errors;
    errors.push(...validateFormat(dns1123SubdomainErrors, hostname, at.child('hostname')));
    if (familyOf(hostname) !== undefined) errors.push(notAName(at.child('hostname'), hostname));
    return errors;
  });
}

/** Another object of any kind, in the same namespace or in none. */
export function validateObjectReference(
  reference: { apiGroup?: string | undefined; kind: string; name: string },
  field: FieldPath,
  missing = (name: string) => `${name} is required`,
): FieldError[] {
  const { apiGroup } = reference;
  const errors =
    apiGroup === undefined ? [] : validateFormat(dns1123SubdomainErrors, apiGroup, field.child('apiGroup'));
  for (const name of ['kind', 'name'] as const) {
    const at = field.child(name);
    errors.push(
      ...(reference[name]
        ? validateFormat(pathSegmentErrors, reference[name], at)
        : [required(at, missing(name))]),
    );
  }
  return errors;
}

function notAName(field: FieldPath, host: string): FieldError {
  return invalid(field, host, 'must be a DNS name, not an IP address');
}

function validateHost(host: string, field: FieldPath): FieldError[] {
  const isWildcard = host.includes('*');
  return validateFormat(isWildcard ? wildcardDns1123SubdomainErrors : dns1123SubdomainErrors, host, field);
}

function validatePath(
  { path: prefix = '', pathType, backend }: HTTPIngressPath,
  field: FieldPath,
): FieldError[] {
  if (pathType === undefined) return [required(field.child('pathType'), 'pathType must be specified')];
  const at = field.child('path');
  const errors: FieldError[] = [];
  const isAbsolute = prefix.startsWith('/');
  const refuse = (detail: string) => errors.push(invalid(at, prefix, detail));
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!isAbsolute) refuse('must be an absolute path');
    for (const part of badParts) if (prefix.includes(part)) refuse(`must not contain '${part}'`);
    for (const end of badEnds) if (prefix.endsWith(end)) refuse(`cannot end with '${end}'`);
  } else if (pathType === 'ImplementationSpecific') {
    if (prefix !== '' && !isAbsolute) refuse('must be an absolute path');
  } else errors.push(notSupported(field.child('pathType'), pathType, pathTypes));
  return [...errors, ...validateBackend(backend ?? {}, field.child('backend'))];
}

function validateBackend({ service, resource }: IngressBackend, field: FieldPath): FieldError[] {
  if (service !== undefined && resource !== undefined)
    return [invalid(field, '', 'cannot set both resource and service backends')];
  if (resource !== undefined) return validateObjectReference(resource, field.child('resource'));
  if (service === undefined) return [invalid(field, '', 'resource or service backend is required')];
  const at = field.child('service');
  const { number, name } = service.port ?? {};
  const errors = service.name
    ? validateFormat(dns1123LabelErrors, service.name, at.child('name'))
    : [required(at.child('name'))];
  if (number && name) errors.push(invalid(field, '', 'cannot set both port name & port number'));
  else if (name) errors.push(...validatePort(name, at.child('port', 'name')));
  else if (number) errors.push(...validatePort(number, at.child('port', 'number')));
  else errors.push(required(field, 'port name or number is required'));
  return errors;
}
