import { encodeJson, type FieldRequirement, type LabelRequirement } from '@kubewright/api';
import type { SubjectAccessReviewSpec } from '@kubewright/api/authorization/v1';
import type { Transport } from '@kubewright/client';
import { LRUCache } from 'lru-cache';
import { askWebhook } from '../../authentication/ask-webhook.js';
import { type Attributes, type Authorizer, type Decision, noOpinion } from '../authorizer.js';

export interface WebhookAuthorizerOptions {
  /** What metrics call it. @default 'default', as upstream calls the one of `--authorization-webhook-config-file` */
  readonly name?: string;
  /** To the address that reviews are sent to. */
  readonly transport: Transport;
  /** How long a yes is remembered. @default 300000 */
  readonly authorizedTtlMs?: number;
  /** How long anything else is. @default 30000 */
  readonly unauthorizedTtlMs?: number;
  /** Of one call. @default 30000 */
  readonly timeoutMs?: number;
  /** What it means when the webhook can't be asked. @default 'NoOpinion' */
  readonly failurePolicy?: 'NoOpinion' | 'Deny';
  /** Whether the webhook is asked at all; a throw is a failure. @default always */
  readonly matches?: (spec: SubjectAccessReviewSpec) => boolean;
  /** Milliseconds before the first further try. @default 500 */
  readonly initialBackoffMs?: number;
}

/** As upstream: tries, how much longer each pause is, and what is too long to be remembered. */
const attempts = 5;
const factor = 1.5;
const longestRemembered = 10_000;
const mostRemembered = 1024;

interface ReviewStatus {
  readonly allowed: boolean;
  readonly denied: boolean;
  readonly reason: string;
}

/** Asks another server by SubjectAccessReviews. Source: "Webhook Mode". */
export function webhookAuthorizer(options: WebhookAuthorizerOptions): Authorizer {
  const { matches, failurePolicy = 'NoOpinion' } = options;
  const { authorizedTtlMs = 300_000, unauthorizedTtlMs = 30_000 } = options;
  const known = new LRUCache<string, ReviewStatus>({ max: mostRemembered });
  const failed = (cause: unknown): Decision => ({
    verdict: failurePolicy === 'Deny' ? 'deny' : 'no opinion',
    reason: '',
    error: cause instanceof Error ? cause : new Error(String(cause)),
  });

  async function ask(key: string): Promise<Decision> {
    try {
      const status = await review(options, key);
      const ttl = status.allowed ? authorizedTtlMs : unauthorizedTtlMs;
      if (ttl > 0 && key.length <= longestRemembered) known.set(key, status, { ttl });
      return decisionOf(status);
    } catch (error) {
      return failed(error);
    }
  }

  return {
    name: options.name ?? 'default',
    authorize(attributes) {
      const spec = specOf(attributes);
      try {
        if (matches !== undefined && !matches(spec)) return noOpinion;
      } catch (error) {
        return failed(error);
      }
      const key = encodeJson(spec);
      const remembered = known.get(key);
      return remembered === undefined ? ask(key) : decisionOf(remembered);
    },
    rulesFor: () => ({
      rules: [],
      incomplete: true,
      problem: 'webhook authorizer does not support user rule resolution',
    }),
  };
}

function decisionOf({ allowed, denied, reason }: ReviewStatus): Decision {
  if (denied && allowed)
    return {
      verdict: 'deny',
      reason,
      error: new Error('webhook subject access review returned both allow and deny response'),
    };
  return { verdict: denied ? 'deny' : allowed ? 'allow' : 'no opinion', reason };
}

async function review(options: WebhookAuthorizerOptions, spec: string): Promise<ReviewStatus> {
  const { transport, timeoutMs = 30_000, initialBackoffMs = 500 } = options;
  const head = encodeJson({
    kind: 'SubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
  });
  const body = `${head.slice(0, -1)},"spec":${spec},"status":{"allowed":false}}`;
  for (let attempt = 1; ; attempt++) {
    try {
      return statusOf(await askWebhook(transport, body, timeoutMs));
    } catch (error) {
      if (attempt === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, initialBackoffMs * factor ** (attempt - 1)));
    }
  }
}

function statusOf(value: unknown): ReviewStatus {
  const { allowed, denied, reason } = record(record(value).status);
  return {
    allowed: allowed === true,
    denied: denied === true,
    reason: typeof reason === 'string' ? reason : '',
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function specOf(attributes: Attributes): SubjectAccessReviewSpec {
  const { user, isResource, verb, path } = attributes;
  const extra = Object.entries(user.extra ?? {}).map(([key, values]): [string, string[]] => [
    key,
    [...values],
  ]);
  const subject = {
    user: user.name,
    groups: [...user.groups],
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
  return isResource
    ? { resourceAttributes: resourceAttributes(attributes), ...subject }
    : { nonResourceAttributes: { path, verb }, ...subject };
}

function resourceAttributes(attributes: Attributes) {
  const { namespace, verb, apiGroup, apiVersion, resource, subresource, name } = attributes;
  const { fieldSelector, labelSelector } = attributes;
  const fields = { namespace, verb, group: apiGroup, version: apiVersion, resource, subresource, name };
  const labels = labelSelector?.flatMap(labelRequirement) ?? [];
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '')),
    ...(fieldSelector === undefined
      ? {}
      : { fieldSelector: { requirements: fieldSelector.map(fieldRequirement) } }),
    ...(labels.length === 0 ? {} : { labelSelector: { requirements: labels } }),
  };
}

function fieldRequirement({ field, operator, value }: FieldRequirement) {
  return { key: field, operator: operator === '=' ? 'In' : 'NotIn', values: [value] };
}

const labelOperators: Readonly<Record<string, string>> = {
  in: 'In',
  '=': 'In',
  '==': 'In',
  notin: 'NotIn',
  '!=': 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
};

/** Comparisons of numbers have no form here: without them the question is for more, which is safe. */
function labelRequirement({ key, operator, values }: LabelRequirement) {
  const known = labelOperators[operator];
  if (known === undefined) return [];
  return [{ key, operator: known, ...(values.length === 0 ? {} : { values: [...values] }) }];
}
