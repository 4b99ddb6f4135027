import { dns1035LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '@kubewright/api/apiextensions/v1';
import { isTrue } from '../../extensions/definition-conditions.js';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../../validation/field-error.js';
import { validateImmutable } from '../../validation/immutable.js';
import { validateApproval } from './approval.js';
import { validateConversion } from './conversion-validation.js';
import { type Hoisted, hoisted } from './hoisted-fields.js';
import { internalVersions } from './internal-form.js';
import { validateNames } from './names-validation.js';
import { validateVersionSchema } from './version-schema.js';
import { validateColumns, validateSelectableFields, validateSubresources } from './version-validation.js';

const spec = path('spec');
/** None were given. */
const noVersions: readonly CustomResourceDefinitionVersion[] = [];

/** A definition that is created. Source: apiextensions' `ValidateCustomResourceDefinition`. */
export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  return [
    ...validateName(definition),
    ...validateSpec(definition, { mayHaveInvalidBundle: true }),
    ...validateStatus(definition),
    ...validateApproval(definition, undefined),
    ...validatePreserved(definition, undefined),
  ];
}

/** A definition that is updated; what was wrong before may stay so. */
export function validateDefinitionUpdate(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] {
  const wasEstablished = isTrue(old.status, 'Established');
  const errors = validateSpec(definition, { mayHaveInvalidBundle: !wasEstablished, old });
  if (wasEstablished)
    errors.push(
      ...validateImmutable(definition.spec.scope, old.spec.scope, spec.child('scope')),
      ...validateImmutable(definition.spec.names.kind, old.spec.names.kind, spec.child('names', 'kind')),
    );
  return [
    ...errors,
    ...validateImmutable(definition.spec.group, old.spec.group, spec.child('group')),
    ...validateImmutable(definition.spec.names.plural, old.spec.names.plural, spec.child('names', 'plural')),
    ...validateStatus(definition),
    ...validateApproval(definition, old),
    ...validatePreserved(definition, old),
  ];
}

function validateName({ metadata, spec: { names, group } }: CustomResourceDefinition): FieldError[] {
  const { name = '' } = metadata;
  if (name === `${names?.plural ?? ''}.${group ?? ''}`) return [];
  return [invalid(path('metadata', 'name'), name, 'must be spec.names.plural+"."+spec.group')];
}

interface SpecOptions {
  readonly mayHaveInvalidBundle: boolean;
  readonly old?: CustomResourceDefinition;
}

function validateSpec(
  definition: CustomResourceDefinition,
  { mayHaveInvalidBundle, old }: SpecOptions,
): FieldError[] {
  const { group = '', scope = '', names, conversion } = definition.spec;
  const versions = definition.spec.versions ?? noVersions;
  const errors: FieldError[] = [];
  const groupErrors = dns1123SubdomainErrors(group);
  if (group === '') errors.push(required(spec.child('group')));
  else if (groupErrors.length > 0) errors.push(invalid(spec.child('group'), group, groupErrors.join(',')));
  else if (!group.includes('.'))
    errors.push(invalid(spec.child('group'), group, 'should be a domain with at least one dot'));
  if (scope === '') errors.push(required(spec.child('scope')));
  else if (scope !== 'Cluster' && scope !== 'Namespaced')
    errors.push(notSupported(spec.child('scope'), scope, ['Cluster', 'Namespaced']));
  const shown = hoisted(versions);
  for (const [index, version] of versions.entries())
    if (version.schema?.openAPIV3Schema === undefined)
      errors.push(required(spec.child('versions').index(index).child('schema').child('openAPIV3Schema')));
  errors.push(...validateVersions(definition, shown, old));
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(
      invalid(spec.child('versions'), internalVersions(versions, shown), 'must contain unique version names'),
    );
  if (versions.filter(({ storage }) => storage === true).length !== 1)
    errors.push(
      invalid(
        spec.child('versions'),
        versions === noVersions ? null : internalVersions(versions, shown),
        'must have exactly one version marked as storage version',
      ),
    );
  // Upstream's old field for it has the first version's name.
  const [first] = versions;
  if (first?.name) errors.push(...nameErrors(first.name, spec.child('version')));
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const)
    if (!names?.[name]) errors.push(required(spec.child('names', name)));
  errors.push(...validateNames(names ?? { plural: '', kind: '' }, spec.child('names')));
  errors.push(...validateShared(definition, shown, old));
  errors.push(...validateConversion(conversion, spec.child('conversion'), mayHaveInvalidBundle));
  return errors;
}

/** What each version says for itself. */
function validateVersions(
  definition: CustomResourceDefinition,
  shown: Hoisted,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  return (definition.spec.versions ?? []).flatMap((version, index) => {
    const field = spec.child('versions').index(index);
    const errors: FieldError[] = [];
    errors.push(...nameErrors(version.name ?? '', field.child('name')));
    for (const message of deprecationErrors(version.deprecated === true, version.deprecationWarning))
      errors.push(invalid(field.child('deprecationWarning'), version.deprecationWarning, message));
    if (!shown.schema)
      errors.push(...validateVersionSchema(version, field.child('schema'), versionNamed(old, version.name)));
    if (!shown.subresources)
      errors.push(...validateSubresources(version.subresources, field.child('subresources')));
    if (!shown.columns)
      errors.push(
        ...validateColumns(version.additionalPrinterColumns, field.child('additionalPrinterColumns')),
      );
    if (!shown.selectableFields)
      errors.push(...validateSelectableFields(version, field.child('selectableFields'), old));
    return errors;
  });
}

/** What all versions say alike, which upstream knows as said once. */
function validateShared(
  { spec: { versions } }: CustomResourceDefinition,
  shown: Hoisted,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const [version] = versions ?? [];
  if (version === undefined) return [];
  return [
    ...(shown.schema
      ? validateVersionSchema(version, spec.child('validation'), versionNamed(old, version.name))
      : []),
    ...(shown.subresources ? validateSubresources(version.subresources, spec.child('subresources')) : []),
    ...(shown.columns
      ? validateColumns(version.additionalPrinterColumns, spec.child('additionalPrinterColumns'))
      : []),
    ...(shown.selectableFields ? validateSelectableFields(version, spec.child('selectableFields'), old) : []),
  ];
}

function nameErrors(name: string, field: FieldPath): FieldError[] {
  const errors = dns1035LabelErrors(name);
  return errors.length === 0 ? [] : [invalid(field, name, errors.join(','))];
}

function versionNamed(
  definition: CustomResourceDefinition | undefined,
  name: string,
): CustomResourceDefinitionVersion | undefined {
  return definition?.spec.versions?.find((version) => version.name === name);
}

function deprecationErrors(deprecated: boolean, warning: string | undefined): string[] {
  if (warning === undefined) return [];
  if (!deprecated) return ['can only be set for deprecated versions'];
  const errors: string[] = [];
  if (Buffer.byteLength(warning) > 256) errors.push('must be <= 256 characters long');
  if (warning === '') errors.push('must not be an empty string');
  const wrong = warning.search(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u);
  if (wrong >= 0)
    errors.push(
      `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(warning.slice(0, wrong))}`,
    );
  return errors;
}

function validateStatus({ status, spec }: CustomResourceDefinition): FieldError[] {
  const versions = spec.versions ?? [];
  const field = path('status');
  const errors = validateNames(
    status?.acceptedNames ?? { plural: '', kind: '' },
    field.child('acceptedNames'),
  );
  const stored = status?.storedVersions ?? [];
  const at = field.child('storedVersions');
  if (stored.length === 0) return [...errors, invalid(at, null, 'must have at least one stored version')];
  const left = new Set(stored);
  // A second version of the name is none that is stored.
  for (const { name, storage } of versions)
    if (!left.delete(name) && storage === true)
      errors.push(invalid(at, stored, `must have the storage version ${name}`));
  for (const [index, name] of stored.entries())
    if (!versions.some((version) => version.name === name))
      errors.push(
        invalid(
          at.index(index),
          name,
          `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
        ),
      );
  return errors;
}

function validatePreserved(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  if (definition.spec.preserveUnknownFields !== true || old?.spec.preserveUnknownFields === true) return [];
  return [
    invalid(
      spec.child('preserveUnknownFields'),
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ),
  ];
}
