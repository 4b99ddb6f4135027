import {
  configMapKeyErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  environmentNameErrors,
  qualifiedNameErrors,
} from '@kubewright/api';
import type {
  EnvFromSource,
  EnvVar,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '@kubewright/api/core/v1';
import { validateChoice } from '../../validation/choices.js';
import { type FieldError, type FieldPath, invalid, required } from '../../validation/field-error.js';
import { asPrefix, validateFormat } from '../../validation/formats.js';
import { validateNoBacksteps } from './path-validation.js';

export function validateEnv(variables: readonly EnvVar[], field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  // A plain loop: of all lists in pods this is the longest.
  for (const [index, variable] of variables.entries()) {
    const at = field.index(index);
    if (variable.name) errors.push(...validateFormat(environmentNameErrors, variable.name, at.child('name')));
    else errors.push(required(at.child('name')));
    if (variable.valueFrom !== undefined) errors.push(...validateValueFrom(variable, at.child('valueFrom')));
  }
  return errors;
}

function validateValueFrom({ value = '', valueFrom }: EnvVar, field: FieldPath): FieldError[] {
  if (valueFrom === undefined) return [];
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  const errors: FieldError[] = [];
  if (fieldRef !== undefined)
    errors.push(...validateFieldRef(fieldRef, environmentFields, field.child('fieldRef')));
  if (resourceFieldRef !== undefined)
    errors.push(...validateResourceFieldRef(resourceFieldRef, field.child('resourceFieldRef')));
  if (configMapKeyRef !== undefined)
    errors.push(...validateKeyRef(configMapKeyRef, field.child('configMapKeyRef')));
  if (secretKeyRef !== undefined) errors.push(...validateKeyRef(secretKeyRef, field.child('secretKeyRef')));
  if (fileKeyRef !== undefined) {
    const at = field.child('fileKeyRef');
    errors.push(
      ...(fileKeyRef.key
        ? validateFormat(environmentNameErrors, fileKeyRef.key, at.child('key'))
        : [required(at.child('key'))]),
      ...(fileKeyRef.volumeName
        ? validateFormat(dns1123LabelErrors, fileKeyRef.volumeName, at.child('volumeName'))
        : [required(at.child('volumeName'))]),
      ...(fileKeyRef.path
        ? validateNoBacksteps(fileKeyRef.path, at.child('path'))
        : [required(at.child('path'))]),
    );
  }
  const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(
    (source) => source !== undefined,
  ).length;
  if (sources === 0)
    errors.push(
      invalid(
        field,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    );
  else if (value !== '') errors.push(invalid(field, '', 'may not be specified when `value` is not empty'));
  else if (sources > 1)
    errors.push(invalid(field, '', 'may not have more than one field specified at a time'));
  return errors;
}

/** What environment variables may take from the pod itself. */
export const environmentFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** What files of downward API volumes may take from the pod itself. */
export const volumeFields = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

const resourceFields = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

/** Paths that the downward API knows at all, whether or not this place may use them. */
const knownFields = new Set([...environmentFields, ...volumeFields]);

export function validateFieldRef(
  ref: ObjectFieldSelector,
  supported: readonly string[],
  field: FieldPath,
): FieldError[] {
  if (!ref.apiVersion) return [required(field.child('apiVersion'))];
  if (!ref.fieldPath) return [required(field.child('fieldPath'))];
  const subscripted = /^(.*)\['(.*)'\]$/.exec(ref.fieldPath);
  const base = subscripted?.[1] ?? ref.fieldPath;
  if (ref.apiVersion !== 'v1')
    return [
      invalid(
        field.child('fieldPath'),
        ref.fieldPath,
        `error converting fieldPath: unsupported pod version: ${ref.apiVersion}`,
      ),
    ];
  if (subscripted !== null) {
    const subscript = subscripted[2] ?? '';
    if (base === 'metadata.annotations')
      return validateFormat(qualifiedNameErrors, subscript.toLowerCase(), field);
    if (base === 'metadata.labels') return validateFormat(qualifiedNameErrors, subscript, field);
    return [
      invalid(
        field.child('fieldPath'),
        ref.fieldPath,
        `error converting fieldPath: field label does not support subscript: ${ref.fieldPath}`,
      ),
    ];
  }
  if (!knownFields.has(base))
    return [
      invalid(
        field.child('fieldPath'),
        ref.fieldPath,
        `error converting fieldPath: field label not supported: ${ref.fieldPath}`,
      ),
    ];
  return validateChoice(base, supported, field.child('fieldPath'));
}

export function validateResourceFieldRef(
  ref: ResourceFieldSelector,
  field: FieldPath,
  options: { readonly needsContainer?: boolean } = {},
): FieldError[] {
  const { resource = '', divisor } = ref;
  const errors: FieldError[] = [];
  if (options.needsContainer === true && !ref.containerName)
    errors.push(required(field.child('containerName')));
  else if (resource === '') errors.push(required(field.child('resource')));
  else if (!/^(limits|requests)\.hugepages-/.test(resource))
    errors.push(...validateChoice(resource, resourceFields, field.child('resource')));
  if (divisor !== undefined && String(divisor) !== '0')
    errors.push(...validateDivisor(resource, String(divisor), field));
  return errors;
}

const binaryAndDecimal = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';

function validateDivisor(resource: string, divisor: string, field: FieldPath): FieldError[] {
  const name = resource.replace(/^(limits|requests)\./, '');
  if (name === 'cpu')
    return ['1m', '1'].includes(divisor)
      ? []
      : [
          invalid(
            field.child('divisor'),
            resource,
            "only divisor's values 1m and 1 are supported with the cpu resource",
          ),
        ];
  const label = name.startsWith('hugepages-')
    ? 'hugepages'
    : { memory: 'memory', 'ephemeral-storage': 'local ephemeral storage' }[name];
  if (label === undefined || binaryAndDecimal.split(', ').includes(divisor)) return [];
  return [
    invalid(
      field.child('divisor'),
      resource,
      `only divisor's values ${binaryAndDecimal} are supported with the ${label} resource`,
    ),
  ];
}

function validateKeyRef(ref: { name?: string | undefined; key?: string }, field: FieldPath): FieldError[] {
  return [
    ...validateFormat(dns1123SubdomainErrors, ref.name ?? '', field.child('name')),
    ...(ref.key
      ? validateFormat(configMapKeyErrors, ref.key, field.child('key'))
      : [required(field.child('key'))]),
  ];
}

export function validateEnvFrom(sources: readonly EnvFromSource[], field: FieldPath): FieldError[] {
  return sources.flatMap((source, index) => {
    const at = field.index(index);
    const errors: FieldError[] = [];
    if (source.prefix)
      errors.push(...validateFormat(environmentNameErrors, source.prefix, at.child('prefix')));
    const refs = (['configMapRef', 'secretRef'] as const).filter((name) => source[name] !== undefined);
    for (const ref of refs) {
      const name = source[ref]?.name ?? '';
      const nameField = at.child(ref, 'name');
      errors.push(
        ...(name === ''
          ? [required(nameField)]
          : validateFormat(asPrefix(dns1123SubdomainErrors), name, nameField)),
      );
    }
    if (refs.length === 0)
      errors.push(invalid(field, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (refs.length > 1)
      errors.push(invalid(field, '', 'may not have more than one field specified at a time'));
    return errors;
  });
}
