import { ApiError, badRequest, type KubernetesObject, qualifiedNameErrors } from '@kubewright/api';
import type { AdmissionMetrics } from '../../metrics/admission-metrics.js';
import { WebhookCallError, type WebhookClient } from '../../webhooks/webhook-client.js';
import type { AdmissionRequest } from '../admission-request.js';
import { internalError } from '../internal-error.js';
import { readPatch, readVerdict, reviewOf, type WebhookVerdict } from './admission-review.js';
import { type DecodedReview, decodeReview } from './decode-review.js';
import type { WebhookMatch } from './webhook-index.js';
import type { WebhookUsers } from './webhook-users.js';

/** What calls webhooks and counts it. */
export interface WebhookCaller {
  readonly client: WebhookClient;
  readonly metrics: AdmissionMetrics;
  /** As whom it asks. @default nobody */
  readonly users?: WebhookUsers | undefined;
  /** Told of failures that are passed over. */
  onIgnored(error: Error): void;
}

const defaultTimeoutSeconds = 10;

/** What a webhook that let a request pass wants changed: operations of a JSON patch. */
export type WantedChanges = readonly unknown[];

/**
 * Asks one webhook.
 * @returns what it wants changed; nothing, too, where it could not be asked and its failure policy is to go on without
 * @throws ApiError where it refuses, or could not be asked and its failure policy is to fail
 */
export async function callWebhook(
  caller: WebhookCaller,
  request: AdmissionRequest,
  match: WebhookMatch,
  objects: {
    readonly object: KubernetesObject | undefined;
    readonly oldObject: KubernetesObject | undefined;
  },
  type: 'admit' | 'validating',
): Promise<WantedChanges> {
  const { webhook } = match.registered;
  const { name, sideEffects, failurePolicy } = webhook;
  if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    throw badRequest(`admission webhook "${name}" does not support dry run`);
  const call = caller.metrics.webhook({ name, operation: request.operation, type });
  const start = performance.now();
  const told = (verdict: WebhookVerdict): WantedChanges => {
    for (const [key, value] of Object.entries(verdict.auditAnnotations)) {
      const qualified = `${name}/${key}`;
      if (qualifiedNameErrors(qualified).length === 0) request.annotate(qualified, value);
    }
    for (const text of verdict.warnings) if (text !== '') request.warn(text);
    return verdict.allowed ? readPatch(verdict) : [];
  };
  let verdict: WebhookVerdict;
  let changes: WantedChanges;
  try {
    verdict = await ask(caller, request, match, { objects, mutating: type === 'admit' });
    changes = told(verdict);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const code = cause instanceof WebhookCallError ? cause.code : 503;
    const error = new Error(`failed calling webhook "${name}": ${cause.message}`, { cause });
    const isIgnored = failurePolicy === 'Ignore';
    call.failed(performance.now() - start, { code, isIgnored });
    request.context.request?.signal.throwIfAborted();
    if (!isIgnored) throw internalError(error);
    caller.onIgnored(error);
    const prefix = type === 'admit' ? 'mutation' : 'validating';
    const round = request.isSecondRound ? 1 : 0;
    request.annotate(
      `failed-open.${prefix}.webhook.admission.k8s.io/round_${round}_index_${match.index}`,
      name,
    );
    return [];
  }
  if (verdict.allowed) {
    call.allowed(performance.now() - start);
    return changes;
  }
  const refused = refusalOf(name, verdict);
  call.refused(performance.now() - start, refused.code);
  throw refused;
}

async function ask(
  { client, users }: WebhookCaller,
  request: AdmissionRequest,
  match: WebhookMatch,
  { objects, mutating }: { objects: Parameters<typeof reviewOf>[2]; mutating: boolean },
): Promise<WebhookVerdict> {
  const { clientConfig, timeoutSeconds = defaultTimeoutSeconds } = match.registered.webhook;
  let review: ReturnType<typeof reviewOf>;
  try {
    review = reviewOf(request, match, objects);
  } catch (cause) {
    throw new Error(`could not create admission objects: ${messageOf(cause)}`, { cause });
  }
  let answer: DecodedReview;
  try {
    const said = await client.post(clientConfig, review.body, {
      timeoutMs: timeoutSeconds * 1000,
      userAgent: 'kube-apiserver-admission',
      credentials: users?.credentialsFor(clientConfig),
      signal: request.context.request?.signal,
    });
    answer = decodeReview(said, review.apiVersion);
  } catch (cause) {
    const code = cause instanceof WebhookCallError ? cause.code : 503;
    throw new WebhookCallError(`failed to call webhook: ${messageOf(cause)}`, { code, cause });
  }
  try {
    return readVerdict(answer, review, mutating);
  } catch (cause) {
    throw new Error(`received invalid webhook response: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Source: `ToStatusErr` of the webhook plugins. */
function refusalOf(name: string, { status = {} }: WebhookVerdict): ApiError {
  const denied = `admission webhook "${name}" denied the request`;
  const code = typeof status.code === 'number' && status.code >= 400 ? status.code : 400;
  const { message = '', reason = '', details } = status;
  const why = message || reason;
  return ApiError.fromStatus({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: why === '' ? `${denied} without explanation` : `${denied}: ${why}`,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  });
}
