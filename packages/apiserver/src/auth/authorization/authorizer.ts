import type { FieldRequirement, LabelRequirement } from '@kubewright/api';
import type { PolicyRule } from '@kubewright/api/rbac/v1';
import type { User } from '../user.js';

/**
 * What somebody wants to do. Source: the authorization overview of the Kubernetes documentation ("Request attributes
 * used in authorization").
 */
export interface Attributes {
  readonly user: User;
  /** `get`, `list`, `create`, …; for paths that are no resources the HTTP method in lower case. */
  readonly verb: string;
  /** False for paths that are no resources: of the rest only {@link path} counts then. */
  readonly isResource: boolean;
  readonly path: string;
  readonly apiGroup: string;
  /** `*` where any version is meant. */
  readonly apiVersion: string;
  /** The plural. */
  readonly resource: string;
  readonly subresource: string;
  /** Empty at the scope of the cluster, and for all namespaces together. */
  readonly namespace: string;
  /** Empty where no single object is meant. */
  readonly name: string;
  /** What a list, watch or deletecollection is restricted to; undefined for none, and for what can't be read. */
  readonly fieldSelector?: readonly FieldRequirement[] | undefined;
  readonly labelSelector?: readonly LabelRequirement[] | undefined;
}

/** What an authorizer says. `deny` ends the matter; with `no opinion` the next one is asked, and nobody means no. */
export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'no opinion';
  /** For the answer and the audit log; may be empty. */
  readonly reason: string;
  /** What kept the authorizer from deciding. Where nobody decides, the answer is an internal error. */
  readonly error?: Error;
}

/** What a user may do in a namespace, as far as an authorizer can list it. */
export interface UserRules {
  readonly rules: readonly PolicyRule[];
  /** Whether there may be more than is listed. */
  readonly incomplete: boolean;
  /** Why. */
  readonly problem?: string | undefined;
}

/** Decides what users may do. Those that need not wait answer at once, without a promise. */
export interface Authorizer {
  /** What metrics call it, as an AuthorizationConfiguration does. @default '' */
  readonly name?: string;
  authorize(attributes: Attributes): Decision | Promise<Decision>;
  /** For SelfSubjectRulesReview. */
  rulesFor(user: User, namespace: string): UserRules;
}

export const noOpinion: Decision = { verdict: 'no opinion', reason: '' };
export const allowed: Decision = { verdict: 'allow', reason: '' };

/** The group that may do everything, whatever the authorizers are. */
export const privilegedGroup = 'system:masters';
