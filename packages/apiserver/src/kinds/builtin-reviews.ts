import { Binding, Pod } from '@kubewright/api/core/v1';
import { selfSubjectReviewRules, tokenReviewRules } from './authentication-review.js';
import {
  localSubjectAccessReviewRules,
  selfSubjectAccessReviewRules,
  selfSubjectRulesReviewRules,
  subjectAccessReviewRules,
} from './authorization-review.js';
import type { ForwardRules, ReviewRules } from './review-rules.js';

/** The built-in kinds that are asked and answered, and never stored. */
export const builtinReviews: readonly (ReviewRules | ForwardRules)[] = [
  { kind: Binding, forward: { kind: Pod, subresource: 'binding' } },
  selfSubjectReviewRules,
  tokenReviewRules,
  subjectAccessReviewRules,
  localSubjectAccessReviewRules,
  selfSubjectAccessReviewRules,
  selfSubjectRulesReviewRules,
];
