import type { Kind, KubernetesObject } from '@kubewright/api';
import type { WriteContext } from '../registry/write-context.js';

/** Who asks, and where. */
export interface ReviewContext extends WriteContext {
  /** Of the path; empty for kinds of the cluster. */
  readonly namespace: string;
}

/** A kind that only carries a question (TokenReview, SubjectAccessReview): POST is answered, and nothing is stored. */
export interface ReviewRules<T extends KubernetesObject = KubernetesObject> {
  readonly kind: Kind<T>;
  /** True where the question holds what nobody may find in a log. @default false */
  readonly confidential?: boolean;
  /** The review with its answer in the status. @throws ApiError Invalid, BadRequest */
  answer(review: T, context: ReviewContext): T | Promise<T>;
}

/** A kind that is only another way to a subresource: POST is one to that of the object which the body names. */
export interface ForwardRules {
  readonly kind: Kind;
  readonly confidential?: never;
  readonly forward: { readonly kind: Kind; readonly subresource: string };
}

/** Keeps a rules value's own type while it is checked. */
export function defineReview<T extends KubernetesObject>(rules: ReviewRules<T>): ReviewRules<T> {
  return rules;
}
