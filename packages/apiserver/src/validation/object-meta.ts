import {
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  type KubernetesObject,
  pathSegmentErrors,
  qualifiedNameErrors,
} from '@kubewright/api';
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '@kubewright/api/meta/v1';
import type { KindRules } from '../kinds/kind-rules.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
  required,
  tooLong,
} from './field-error.js';
import { asPrefix, type Format, validateFormat } from './formats.js';
import { sameValue } from './immutable.js';
import { validateLabels } from './label-selector.js';

/** The kind as the registry knows it. */
interface Typed<T extends KubernetesObject> {
  readonly rules: Pick<KindRules<T>, 'kind' | 'validateName' | 'metadataChecks' | 'structural'>;
}

/** Metadata of an object that is created, by the rules of its kind. */
export function validateMetadata<T extends KubernetesObject>(
  { rules }: Typed<T>,
  { metadata }: T,
): FieldError[] {
  return [
    ...validateObjectMeta(metadata, {
      namespaced: rules.kind.scope === 'Namespaced',
      validateName: rules.validateName ?? dns1123SubdomainErrors,
    }),
    ...validateFinalizerNames(metadata, rules),
  ];
}

/**
 * Metadata of an object that is updated, by the rules of its kind. Upstream looks at it once for all kinds, as at that
 * of a new object and for what changes, and most kinds look for changes again, some at all of it: a client is told of
 * a mistake as often.
 */
export function validateMetadataUpdate<T extends KubernetesObject>(
  { rules }: Typed<T>,
  object: T,
  old: T,
  subresource = '',
): FieldError[] {
  // An update without a resourceVersion is unconditional: the registry answers it against the newest object.
  const metadata = { ...object.metadata, resourceVersion: old.metadata.resourceVersion };
  const namespaced = rules.kind.scope === 'Namespaced';
  // Of a name that was good once only what no path can have is asked.
  const common = validateObjectMeta(metadata, { namespaced, validateName: pathSegmentErrors });
  const finalizers = validateFinalizerNames(metadata, rules);
  const moved = metadataChanges(metadata, old.metadata);
  // What both look at has no mistakes here.
  if (common.length === 0 && finalizers.length === 0 && moved.length === 0) return [];
  const changes = validateObjectMetaUpdate(metadata, old.metadata);
  if (rules.structural) return [...common, ...changes, ...changes];
  const checks = rules.metadataChecks;
  const again = checks === 'common' ? [] : [...changes, ...finalizers];
  if (subresource !== '' || !checks?.startsWith('as new')) return [...common, ...changes, ...again];
  const asNew = validateMetadata({ rules }, { ...object, metadata });
  return [...common, ...changes, ...(checks === 'as new' ? [...asNew, ...again] : [...again, ...asNew])];
}

/** Names without a domain are for Kubernetes itself. */
const ownFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Source: `validateKubeFinalizerName` of core, which custom resources and the newer kinds are not asked for. */
function validateFinalizerNames<T extends KubernetesObject>(
  { finalizers }: ObjectMeta,
  { metadataChecks, structural }: Typed<T>['rules'],
): FieldError[] {
  if (
    finalizers === undefined ||
    structural ||
    metadataChecks === 'any finalizer' ||
    metadataChecks === 'common'
  )
    return [];
  const field = path('metadata', 'finalizers');
  return finalizers.flatMap((finalizer, index) => validateOwnFinalizer(finalizer, field.index(index)));
}

/** A finalizer without a domain has to be one of Kubernetes' own. */
export function validateOwnFinalizer(finalizer: string, field: FieldPath): FieldError[] {
  return finalizer.includes('/') || ownFinalizers.has(finalizer)
    ? []
    : [invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')];
}

/** Keys and values of all annotations of an object together, in bytes. */
const annotationsLimit = 256 * 1024;
const orphanDependents = 'orphan';
const deleteDependents = 'foregroundDeletion';

/** What the kind says about its objects' metadata. */
export interface MetaRules {
  readonly namespaced: boolean;
  readonly validateName: Format;
}

/** Metadata of an object that is created; its name is already generated. Errors stand in upstream's order. */
export function validateObjectMeta(
  meta: ObjectMeta,
  rules: MetaRules,
  field: FieldPath = path('metadata'),
): FieldError[] {
  const { name = '', generateName = '', namespace = '', generation = 0 } = meta;
  const errors: FieldError[] = [];
  if (generateName !== '')
    errors.push(...validateFormat(asPrefix(rules.validateName), generateName, field.child('generateName')));
  if (name === '') errors.push(required(field.child('name'), 'name or generateName is required'));
  else errors.push(...validateFormat(rules.validateName, name, field.child('name')));
  if (rules.namespaced) {
    if (namespace === '') errors.push(required(field.child('namespace')));
    else errors.push(...validateFormat(dns1123LabelErrors, namespace, field.child('namespace')));
  } else if (namespace !== '')
    errors.push(forbiddenField(field.child('namespace'), 'not allowed on this type'));
  if (generation < 0)
    errors.push(invalid(field.child('generation'), generation, 'must be greater than or equal to 0'));
  errors.push(...validateLabels(meta.labels, field.child('labels')));
  errors.push(...validateAnnotations(meta.annotations, field.child('annotations')));
  if (meta.ownerReferences !== undefined)
    errors.push(...validateOwnerReferences(meta.ownerReferences, field.child('ownerReferences')));
  if (meta.finalizers !== undefined)
    errors.push(...validateFinalizers(meta.finalizers, field.child('finalizers')));
  if (meta.managedFields !== undefined)
    errors.push(...validateManagedFields(meta.managedFields, field.child('managedFields')));
  return errors;
}

/**
 * Metadata of an object that is updated. What a client may leave out (uid, creationTimestamp, …) is expected to be
 * filled in from the old object before.
 */
export function validateObjectMetaUpdate(
  meta: ObjectMeta,
  old: ObjectMeta,
  field: FieldPath = path('metadata'),
): FieldError[] {
  return [
    ...metadataChanges(meta, old, field),
    ...validateLabels(meta.labels, field.child('labels')),
    ...validateAnnotations(meta.annotations, field.child('annotations')),
    ...validateOwnerReferences(meta.ownerReferences ?? [], field.child('ownerReferences')),
    ...validateManagedFields(meta.managedFields ?? [], field.child('managedFields')),
  ];
}

function metadataChanges(
  meta: ObjectMeta,
  old: ObjectMeta,
  field: FieldPath = path('metadata'),
): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp !== undefined)
    errors.push(...noNewFinalizers(meta, old, field.child('finalizers')));
  if ((meta.resourceVersion ?? '') === '')
    errors.push(invalid(field.child('resourceVersion'), '', 'must be specified for an update'));
  if ((meta.generation ?? 0) < (old.generation ?? 0))
    errors.push(invalid(field.child('generation'), meta.generation ?? 0, 'must not be decremented'));
  for (const name of immutableFields) {
    if (!sameValue(meta[name], old[name]))
      errors.push(invalid(field.child(name), meta[name], 'field is immutable'));
  }
  return errors;
}

const immutableFields = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const satisfies readonly (keyof ObjectMeta)[];

/** Keys are qualified names in any case; the size counts for all together. */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (annotations === undefined) return errors;
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const message of qualifiedNameErrors(key.toLowerCase())) errors.push(invalid(field, key, message));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > annotationsLimit) errors.push(tooLong(field, annotationsLimit));
  return errors;
}

function validateOwnerReferences(references: readonly OwnerReference[], field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const reference of references) {
    errors.push(...validateOwnerReference(reference, field));
    if (reference.controller !== true) continue;
    const named = `${reference.kind}/${reference.name}`;
    if (controller === undefined) controller = named;
    else
      errors.push(
        invalid(
          field,
          references,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${named}`,
        ),
      );
  }
  return errors;
}

function validateOwnerReference(reference: OwnerReference, field: FieldPath): FieldError[] {
  const { apiVersion = '', kind = '', name = '', uid = '' } = reference;
  const errors: FieldError[] = [];
  const [group, version = ''] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion];
  if (version === '')
    errors.push(invalid(field.child('apiVersion'), apiVersion, 'version must not be empty'));
  if (kind === '') errors.push(invalid(field.child('kind'), kind, 'must not be empty'));
  if (name === '') errors.push(invalid(field.child('name'), name, 'must not be empty'));
  if (uid === '') errors.push(invalid(field.child('uid'), uid, 'must not be empty'));
  if (group === '' && bannedOwners.has(`${version}/${kind}`))
    errors.push(invalid(field, reference, `/${version}, Kind=${kind} is disallowed from being an owner`));
  return errors;
}

/** Objects that vanish by themselves may own nothing. */
const bannedOwners = new Set(['v1/Event']);

function validateFinalizers(finalizers: readonly string[], field: FieldPath): FieldError[] {
  const errors = finalizers.flatMap((finalizer) => validateFormat(qualifiedNameErrors, finalizer, field));
  if (finalizers.includes(orphanDependents) && finalizers.includes(deleteDependents))
    errors.push(
      invalid(field, finalizers, `finalizer ${orphanDependents} and ${deleteDependents} cannot be both set`),
    );
  return errors;
}

function noNewFinalizers(meta: ObjectMeta, old: ObjectMeta, field: FieldPath): FieldError[] {
  const had = new Set(old.finalizers);
  const added = [...new Set(meta.finalizers)].filter((finalizer) => !had.has(finalizer)).sort();
  if (added.length === 0) return [];
  const shown = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
  return [
    forbiddenField(
      field,
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`,
    ),
  ];
}

function validateManagedFields(entries: readonly ManagedFieldsEntry[], field: FieldPath): FieldError[] {
  return entries.flatMap((entry, index) => {
    const at = field.index(index);
    const errors: FieldError[] = [];
    if (entry.operation !== 'Apply' && entry.operation !== 'Update')
      errors.push(invalid(at.child('operation'), entry.operation ?? '', 'must be `Apply` or `Update`'));
    if ((entry.fieldsType ?? '') !== '' && entry.fieldsType !== 'FieldsV1')
      errors.push(invalid(at.child('fieldsType'), entry.fieldsType, 'must be `FieldsV1`'));
    if ((entry.manager ?? '').length > 128) errors.push(tooLong(at.child('manager'), 128));
    if ((entry.subresource ?? '').length > 256) errors.push(tooLong(at.child('subresource'), 256));
    return errors;
  });
}
