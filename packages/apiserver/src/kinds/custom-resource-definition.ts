import {
  CustomResourceDefinition,
  type CustomResourceDefinitionCondition,
} from '@kubewright/api/apiextensions/v1';
import { cleanupFinalizer, terminating, withCondition } from '../extensions/definition-conditions.js';
import type { FieldError } from '../validation/field-error.js';
import { createdAtColumn, nameColumn } from './columns.js';
import {
  validateDefinition,
  validateDefinitionUpdate,
} from './custom-resource-definition/definition-validation.js';
import { definitionWarnings } from './custom-resource-definition/definition-warnings.js';
import { defineRules } from './kind-rules.js';

/** Source: apiextensions' `customresourcedefinition` strategy. */
export const customResourceDefinitionRules = defineRules<CustomResourceDefinition>({
  kind: CustomResourceDefinition,
  metadataChecks: 'any finalizer',
  needsResourceVersion: true,
  storageKey: 'apiextensions.k8s.io/customresourcedefinitions',
  generation: true,
  default(definition) {
    // To Go these are there in every definition, whatever a client leaves out.
    const given: { spec?: Partial<CustomResourceDefinition['spec']> } = definition;
    given.spec ??= { group: '', scope: '' };
    const { spec } = given;
    spec.names ??= { plural: '', kind: '' };
    spec.names.singular ||= (spec.names.kind ?? '').toLowerCase();
    if (spec.names.kind) spec.names.listKind ||= `${spec.names.kind}List`;
    spec.conversion ??= { strategy: 'None' };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service !== undefined) service.port ??= 443;
  },
  prepareForCreate(definition) {
    definition.status = newStatus(definition);
  },
  prepareForUpdate: keepStorageVersion,
  // Whoever writes the status: what is stored from now on stays among what may be stored.
  subresources: { status: { prepareForUpdate: keepStorageVersion } },
  markDeleted(definition, context) {
    const { finalizers = [] } = definition.metadata;
    if (!finalizers.includes(cleanupFinalizer))
      definition.metadata.finalizers = [...finalizers, cleanupFinalizer];
    definition.status = withCondition(definition.status ?? {}, terminating.pending, context.now());
    // Upstream has a way of its own to delete one, which changes neither of these.
    delete definition.metadata.deletionGracePeriodSeconds;
    if (definition.metadata.generation !== undefined) definition.metadata.generation -= 1;
  },
  validateCreate: (definition) => validateDefinition(definition),
  validateUpdate: validateDefinitionUpdate,
  warnings: definitionWarnings,
  columns: [nameColumn, createdAtColumn],
});

/** As Go writes a status that says nothing yet. */
function newStatus(definition: CustomResourceDefinition): NonNullable<CustomResourceDefinition['status']> {
  const none: unknown = null;
  return {
    conditions: none as CustomResourceDefinitionCondition[],
    acceptedNames: { plural: '', kind: '' },
    storedVersions: storageVersions(definition),
  };
}

function keepStorageVersion(definition: CustomResourceDefinition): void {
  const stored = definition.status?.storedVersions ?? [];
  const added = storageVersions(definition).filter((version) => !stored.includes(version));
  if (added.length > 0) definition.status = { ...definition.status, storedVersions: [...stored, ...added] };
}

/** The version that is stored from now on. */
function storageVersions({ spec }: CustomResourceDefinition): string[] {
  const storage = (spec?.versions ?? []).find((version) => version.storage === true);
  return storage === undefined ? [] : [storage.name];
}

/** What a server would refuse a new definition for. */
export function definitionErrors(given: CustomResourceDefinition): FieldError[] {
  const definition = structuredClone(given);
  customResourceDefinitionRules.default?.(definition);
  definition.status = newStatus(definition);
  return validateDefinition(definition);
}
