import { badRequest } from '@kubewright/api';
import {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  type SubjectAccessReviewSpec,
  type SubjectAccessReviewStatus,
} from '@kubewright/api/authorization/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { reviewAttributes } from '../auth/authorization/review-attributes.js';
import type { User } from '../auth/user.js';
import {
  type FieldError,
  type FieldPath,
  invalid,
  invalidObject,
  path,
  required,
} from '../validation/field-error.js';
import { defineReview, type ReviewContext } from './review-rules.js';

type Question = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

/** Says whether somebody may do something. */
export const subjectAccessReviewRules = defineReview<SubjectAccessReview>({
  kind: SubjectAccessReview,
  async answer(review, context) {
    const errors = [...validateSubject(review.spec), ...validateMetadata(review.metadata, 'must be empty')];
    if (errors.length > 0) throw invalidObject(SubjectAccessReview, '', errors);
    return { ...review, status: await decide(userOf(review.spec), review.spec, context) };
  },
});

/** The same in one namespace, for those who may ask about that alone. */
export const localSubjectAccessReviewRules = defineReview<LocalSubjectAccessReview>({
  kind: LocalSubjectAccessReview,
  async answer(review, context) {
    const { spec, metadata } = review;
    const { namespace = '', ...others } = metadata;
    const { resourceAttributes: resource } = spec;
    const errors = [
      ...validateSubject(spec),
      ...validateMetadata(others, 'must be empty except for namespace'),
    ];
    if (resource !== undefined && (resource.namespace ?? '') !== namespace)
      errors.push(
        invalid(
          path('spec.resourceAttributes.namespace'),
          resource.namespace ?? '',
          'must match metadata.namespace',
        ),
      );
    if (spec.nonResourceAttributes !== undefined)
      errors.push(
        invalid(
          path('spec.nonResourceAttributes'),
          spec.nonResourceAttributes,
          'disallowed on this kind of request',
        ),
      );
    if (errors.length > 0) throw invalidObject(LocalSubjectAccessReview, '', errors);
    return { ...review, status: await decide(userOf(spec), spec, context) };
  },
});

/** Says whether who asks may do something. */
export const selfSubjectAccessReviewRules = defineReview<SelfSubjectAccessReview>({
  kind: SelfSubjectAccessReview,
  async answer(review, context) {
    const errors = [
      ...validateQuestion(review.spec),
      ...validateSelectors(review.spec),
      ...validateMetadata(review.metadata, 'must be empty'),
    ];
    if (errors.length > 0) throw invalidObject(SelfSubjectAccessReview, '', errors);
    return { ...review, status: await decide(context.user, review.spec, context) };
  },
});

/** Lists what who asks may do in a namespace. */
export const selfSubjectRulesReviewRules = defineReview<SelfSubjectRulesReview>({
  kind: SelfSubjectRulesReview,
  answer({ apiVersion, kind, spec }, { user, authorizer }) {
    const { namespace = '' } = spec ?? {};
    if (namespace === '') throw badRequest('no namespace on request');
    const { rules, incomplete, problem } = authorizer.rulesFor(user, namespace);
    const status = {
      resourceRules: rules
        .filter(({ resources = [] }) => resources.length > 0)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          apiGroups,
          resources,
          ...(resourceNames === undefined ? {} : { resourceNames }),
        })),
      nonResourceRules: rules
        .filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete,
      ...(problem === undefined ? {} : { evaluationError: problem }),
    };
    return {
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(kind === undefined ? {} : { kind }),
      metadata: {},
      spec: {},
      status,
    };
  },
});

function userOf({ user = '', groups = [], uid, extra }: SubjectAccessReviewSpec): User {
  return {
    name: user,
    groups,
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined ? {} : { extra }),
  };
}

async function decide(
  user: User,
  question: Question,
  { authorizer }: ReviewContext,
): Promise<SubjectAccessReviewStatus> {
  const { attributes, problems } = reviewAttributes(user, question);
  const { verdict, reason, error } = await authorizer.authorize(attributes);
  const errors = [...(error === undefined ? [] : [error.message]), ...problems];
  return {
    allowed: verdict === 'allow',
    ...(verdict === 'deny' ? { denied: true } : {}),
    ...(reason === '' ? {} : { reason }),
    ...(errors.length === 0 ? {} : { evaluationError: errors.join('\n') }),
  };
}

function validateQuestion({ resourceAttributes, nonResourceAttributes }: Question): FieldError[] {
  const spec = path('spec');
  const errors: FieldError[] = [];
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined)
    errors.push(
      invalid(
        spec.child('nonResourceAttributes'),
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    );
  if (resourceAttributes === undefined && nonResourceAttributes === undefined)
    errors.push(
      invalid(
        spec.child('resourceAttributes'),
        undefined,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    );
  return errors;
}

function validateSubject(spec: SubjectAccessReviewSpec): FieldError[] {
  const errors = validateQuestion(spec);
  const { user = '', groups = [] } = spec;
  if (user === '' && groups.length === 0)
    errors.push(invalid(path('spec', 'user'), user, 'at least one of user or group must be specified'));
  return [...errors, ...validateSelectors(spec)];
}

function validateSelectors({ resourceAttributes }: Question): FieldError[] {
  const field = path('spec.resourceAttributes');
  return (['fieldSelector', 'labelSelector'] as const).flatMap((name) =>
    validateSelector(resourceAttributes?.[name], field.child(name)),
  );
}

function validateSelector(
  selector:
    | { readonly rawSelector?: string | undefined; readonly requirements?: readonly unknown[] | undefined }
    | undefined,
  field: FieldPath,
): FieldError[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector !== '' && requirements.length > 0)
    return [
      invalid(field.child('rawSelector'), rawSelector, 'may not specified at the same time as requirements'),
    ];
  if (rawSelector === '' && requirements.length === 0)
    return [
      required(
        field.child('requirements'),
        `when ${field} is specified, requirements or rawSelector is required`,
      ),
    ];
  return [];
}

function validateMetadata({ managedFields: _, ...metadata }: ObjectMeta, detail: string): FieldError[] {
  const given = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined));
  return Object.keys(given).length === 0 ? [] : [invalid(path('metadata'), given, detail)];
}
