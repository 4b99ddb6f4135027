import { badRequest, formatTime } from '@kubewright/api';
import { SelfSubjectReview, TokenReview, type UserInfo } from '@kubewright/api/authentication/v1';
import { CredentialError } from '../auth/authenticator.js';
import type { User } from '../auth/user.js';
import { asAuthenticated } from '../auth/user.js';
import { defineReview } from './review-rules.js';

/** Says whom a token stands for, to servers that delegate authentication. */
export const tokenReviewRules = defineReview<TokenReview>({
  kind: TokenReview,
  confidential: true,
  async answer(review, { authentication }) {
    const { token = '', audiences = [] } = review.spec ?? {};
    if (review.metadata.namespace) throw badRequest('namespace is not allowed on this type: ');
    if (token === '') throw badRequest('token is required for TokenReview in authentication');
    const asked = audiences.length > 0 ? audiences : authentication.audiences;
    try {
      const identity = await authentication.tokens.authenticateToken(token, asked);
      if (identity === undefined) throw new CredentialError(unknown);
      const status = {
        authenticated: true,
        user: userInfo(asAuthenticated(identity.user)),
        // Who names none may not know of audiences: the answer then says nothing of them.
        ...(identity.audiences.length > 0 ? { audiences: [...identity.audiences] } : {}),
      };
      return { ...review, status };
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      return { ...review, status: { user: {}, error: reviewError(error) } };
    }
  },
});

/** Upstream asks two chains, the first of which never knows the token, and joins what they say. */
const unknown = 'invalid bearer token';

function reviewError({ message }: CredentialError): string {
  if (message === unknown) return message;
  const several = /^\[(.*)\]$/s.exec(message)?.[1];
  return `[${unknown}, ${several ?? message}]`;
}

/** Says who asks. */
export const selfSubjectReviewRules = defineReview<SelfSubjectReview>({
  kind: SelfSubjectReview,
  answer: (review, { user, now }) => ({
    ...review,
    metadata: { creationTimestamp: formatTime(now()) },
    status: { userInfo: userInfo(user) },
  }),
});

function userInfo({ name, uid, groups, extra }: User): UserInfo {
  return {
    username: name,
    ...(uid === undefined || uid === '' ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
  };
}
