import { dns1123LabelErrors, qualifiedNameErrors } from '@kubewright/api';
import { Namespace } from '@kubewright/api/core/v1';
import { type FieldError, type FieldPath, invalid, path } from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { validateOwnFinalizer } from '../validation/object-meta.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';

/** Selects a namespace by its name. Source: KEP-2161. */
const nameLabel = 'kubernetes.io/metadata.name';
/** The namespace controller takes it away when the namespace is empty. */
const contentFinalizer = 'kubernetes';

export const namespaceRules = defineRules<Namespace>({
  kind: Namespace,
  metadataChecks: 'as new',
  storageKey: 'namespaces',
  resetFields: { finalize: { 'f:status': {} } },
  validateName: dns1123LabelErrors,
  default({ metadata }) {
    // A name that is still to be generated is not known here: the registry defaults again when it is.
    if (metadata.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name };
  },
  prepareForCreate(namespace) {
    namespace.status = { phase: 'Active' };
    namespace.spec ??= {};
    const finalizers = namespace.spec.finalizers ?? [];
    namespace.spec.finalizers = finalizers.includes(contentFinalizer)
      ? finalizers
      : [...finalizers, contentFinalizer];
  },
  prepareForUpdate(namespace, old) {
    namespace.spec ??= {};
    namespace.spec.finalizers = old.spec?.finalizers;
  },
  validate: ({ spec }) =>
    (spec?.finalizers ?? []).flatMap((finalizer) => validateFinalizer(finalizer, path('spec', 'finalizers'))),
  held: ({ spec }) => (spec?.finalizers ?? []).length > 0,
  markDeleted(namespace) {
    namespace.status = { ...namespace.status, phase: 'Terminating' };
  },
  columns: [
    nameColumn,
    text('Status', 'Whether the namespace may be used, or is going.', ({ status }) => status?.phase ?? ''),
    ageColumn,
  ],
  subresources: {
    status: {
      validateUpdate({ metadata, status }) {
        const wanted = metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating';
        const phase = status?.phase ?? '';
        if (phase === wanted) return [];
        const when = wanted === 'Active' ? 'is empty' : 'is not empty';
        return [
          invalid(path('status', 'Phase'), phase, `may only be '${wanted}' if \`deletionTimestamp\` ${when}`),
        ];
      },
    },
    finalize: {
      prepareForUpdate(namespace, old) {
        namespace.spec = { ...old.spec, finalizers: namespace.spec?.finalizers };
        namespace.status = old.status;
      },
      validateUpdate: ({ spec }) =>
        (spec?.finalizers ?? []).flatMap((finalizer, index) =>
          validateFinalizer(finalizer, path('spec', 'finalizers').index(index)),
        ),
    },
  },
});

function validateFinalizer(finalizer: string, field: FieldPath): FieldError[] {
  return [
    ...validateFormat(qualifiedNameErrors, finalizer, field),
    ...validateOwnFinalizer(finalizer, field),
  ];
}
