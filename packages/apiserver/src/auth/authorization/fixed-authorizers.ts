import { type Authorizer, allowed, noOpinion, privilegedGroup, type UserRules } from './authorizer.js';

const everything: UserRules = {
  rules: [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ],
  incomplete: false,
};
const nothing: UserRules = { rules: [], incomplete: false };

/** Mode `AlwaysAllow`. */
export const alwaysAllow: Authorizer = {
  authorize: () => allowed,
  rulesFor: () => everything,
};

/** Mode `AlwaysDeny`. */
export const alwaysDeny: Authorizer = {
  authorize: () => ({ verdict: 'no opinion', reason: 'Everything is forbidden.' }),
  rulesFor: () => nothing,
};

/** Stands before the modes: whoever is in `system:masters` may do everything. */
export const privilegedGroups: Authorizer = {
  authorize: ({ user }) => (user.groups.includes(privilegedGroup) ? allowed : noOpinion),
  // Upstream's authorizer of groups has no rules to show, either.
  rulesFor: () => nothing,
};
