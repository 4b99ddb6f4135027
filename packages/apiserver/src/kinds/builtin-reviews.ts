import { selfSubjectReviewRules, tokenReviewRules } from './authentication-review.js';
import {
  localSubjectAccessReviewRules,
  selfSubjectAccessReviewRules,
  selfSubjectRulesReviewRules,
  subjectAccessReviewRules,
} from './authorization-review.js';
import type { ReviewRules } from './review-rules.js';

/** The built-in kinds that are asked and answered, and never stored. */
export const builtinReviews: readonly ReviewRules[] = [
  selfSubjectReviewRules,
  tokenReviewRules,
  subjectAccessReviewRules,
  localSubjectAccessReviewRules,
  selfSubjectAccessReviewRules,
  selfSubjectRulesReviewRules,
];
