import { badRequest, type KubernetesObject } from '@kubewright/api';
import {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  type SubjectAccessReviewSpec,
  type SubjectAccessReviewStatus,
} from '@kubewright/api/authorization/v1';
import { reviewAttributes } from '../auth/authorization/review-attributes.js';
import type { User } from '../auth/user.js';
import {
  type Question,
  refuse,
  validateLocalSubjectAccessReview,
  validateSelfSubjectAccessReview,
  validateSubjectAccessReview,
} from './authorization-review-validation.js';
import { defineReview, type ReviewContext } from './review-rules.js';

/** Says whether somebody may do something. */
export const subjectAccessReviewRules = defineReview<SubjectAccessReview>({
  kind: SubjectAccessReview,
  async answer(given, context) {
    const review = ofCluster(given);
    refuse(validateSubjectAccessReview(review));
    return { ...review, status: await decide(userOf(review.spec), review.spec, context) };
  },
});

/** The same in one namespace, for those who may ask about that alone. */
export const localSubjectAccessReviewRules = defineReview<LocalSubjectAccessReview>({
  kind: LocalSubjectAccessReview,
  async answer(review, context) {
    const { spec } = review;
    refuse(validateLocalSubjectAccessReview(review));
    return { ...review, status: await decide(userOf(spec), spec, context) };
  },
});

/** Says whether who asks may do something. */
export const selfSubjectAccessReviewRules = defineReview<SelfSubjectAccessReview>({
  kind: SelfSubjectAccessReview,
  async answer(given, context) {
    const review = ofCluster(given);
    refuse(validateSelfSubjectAccessReview(review));
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

/** Reviews of the cluster have no namespace, whatever the body says. */
function ofCluster<T extends KubernetesObject>(review: T): T {
  const { namespace: _, ...metadata } = review.metadata;
  return { ...review, metadata };
}

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
    ...(errors.length === 0 ? {} : { evaluationError: errors.join('; ') }),
  };
}
