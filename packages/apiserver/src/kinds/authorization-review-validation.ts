import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  LocalSubjectAccessReview,
  NonResourceAttributes,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '@kubewright/api/authorization/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import {
  type FieldError,
  type FieldPath,
  invalid,
  invalidObject,
  path,
  required,
} from '../validation/field-error.js';
import { validateLabelKey, validateValueCount } from '../validation/label-selector.js';

/** What a review asks about. */
export type Question = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

/**
 * Refuses a review for its errors. Upstream names no kind there.
 * @throws ApiError Invalid
 */
export function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0)
    throw invalidObject({ group: 'authorization.k8s.io', plural: '', kind: '' }, '', errors);
}

/** Source of the rules: `pkg/apis/authorization/validation`. */
export function validateSubjectAccessReview({ spec, metadata }: SubjectAccessReview): FieldError[] {
  return [...validateSubject(spec), ...validateMetadata(metadata, 'must be empty')];
}

export function validateSelfSubjectAccessReview({ spec, metadata }: SelfSubjectAccessReview): FieldError[] {
  return [
    ...validateQuestion(spec),
    ...validateSelectors(spec),
    ...validateMetadata(metadata, 'must be empty'),
  ];
}

export function validateLocalSubjectAccessReview({ spec, metadata }: LocalSubjectAccessReview): FieldError[] {
  const { namespace = '' } = metadata;
  const { resourceAttributes: resource, nonResourceAttributes: nonResource } = spec;
  const asked = resource?.namespace ?? '';
  return [
    ...validateSubject(spec),
    ...validateMetadata(metadata, 'must be empty except for namespace', 'namespace'),
    ...(resource === undefined || asked === namespace
      ? []
      : [invalid(path('spec.resourceAttributes.namespace'), asked, 'must match metadata.namespace')]),
    ...(nonResource === undefined
      ? []
      : [
          invalid(
            path('spec.nonResourceAttributes'),
            asGo(nonResource),
            'disallowed on this kind of request',
          ),
        ]),
  ];
}

function validateSubject(spec: SubjectAccessReviewSpec): FieldError[] {
  const { user = '', groups = [] } = spec;
  return [
    ...validateQuestion(spec),
    ...(user === '' && groups.length === 0
      ? [invalid(path('spec', 'user'), user, 'at least one of user or group must be specified')]
      : []),
    ...validateSelectors(spec),
  ];
}

function validateQuestion({ resourceAttributes: resource, nonResourceAttributes }: Question): FieldError[] {
  const spec = path('spec');
  if (resource !== undefined && nonResourceAttributes !== undefined)
    return [
      invalid(
        spec.child('nonResourceAttributes'),
        asGo(nonResourceAttributes),
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  if (resource === undefined && nonResourceAttributes === undefined)
    return [
      invalid(
        spec.child('resourceAttributes'),
        undefined,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ];
  return [];
}

/** As the message shows the struct, which there has no names of JSON. */
function asGo({ path: Path = '', verb: Verb = '' }: NonResourceAttributes): object {
  return { Path, Verb };
}

function validateSelectors({ resourceAttributes }: Question): FieldError[] {
  const field = path('spec.resourceAttributes');
  return [
    ...validateSelector(resourceAttributes?.fieldSelector, field.child('fieldSelector'), (key, at) =>
      key === '' ? [required(at, 'must be specified')] : [],
    ),
    ...validateSelector(resourceAttributes?.labelSelector, field.child('labelSelector'), validateLabelKey),
  ];
}

type Selector = FieldSelectorAttributes | LabelSelectorAttributes;

/** Operators that there are not (yet) are let through: they restrict nothing. */
function validateSelector(
  selector: Selector | undefined,
  field: FieldPath,
  validateKey: (key: string, field: FieldPath) => FieldError[],
): FieldError[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  const requirementsField = field.child('requirements');
  return [
    ...(rawSelector !== '' && requirements.length > 0
      ? [
          invalid(
            field.child('rawSelector'),
            rawSelector,
            'may not specified at the same time as requirements',
          ),
        ]
      : []),
    ...(rawSelector === '' && requirements.length === 0
      ? [required(requirementsField, `when ${field} is specified, requirements or rawSelector is required`)]
      : []),
    ...requirements.flatMap(({ key = '', operator, values = [] }, index) => {
      const at = requirementsField.index(index);
      return [...(validateValueCount(operator, values, at) ?? []), ...validateKey(key, at.child('key'))];
    }),
  ];
}

function validateMetadata(
  { managedFields: _, ...metadata }: ObjectMeta,
  detail: string,
  allowed?: keyof ObjectMeta,
): FieldError[] {
  const given = Object.entries(metadata).filter(([, value]) => value !== undefined);
  return given.every(([key]) => key === allowed)
    ? []
    : [invalid(path('metadata'), Object.fromEntries(given), detail)];
}
