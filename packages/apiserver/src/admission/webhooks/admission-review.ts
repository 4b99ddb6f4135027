import { randomUUID } from 'node:crypto';
import { decodeJsonText, JsonSyntaxError, type KubernetesObject, type Status } from '@kubewright/api';
import type { AdmissionRequest } from '../admission-request.js';
import { requestFields } from '../request-fields.js';
import type { WebhookMatch } from './webhook-index.js';

/** What a webhook said, checked. */
export interface WebhookVerdict {
  readonly allowed: boolean;
  /** The operations of a JSON patch; none where nothing is to change. */
  readonly patch: readonly unknown[];
  readonly status: Partial<Status> | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

const group = 'admission.k8s.io';
const supported = ['v1', 'v1beta1'];

export interface ReviewBody {
  readonly uid: string;
  readonly apiVersion: string;
  readonly body: object;
}

/** The AdmissionReview that asks a webhook; objects are in the version that it wants. */
export function reviewOf(
  request: AdmissionRequest,
  { registered, served }: WebhookMatch,
  objects: {
    readonly object: KubernetesObject | undefined;
    readonly oldObject: KubernetesObject | undefined;
  },
): ReviewBody {
  const version = registered.webhook.admissionReviewVersions.find((one) => supported.includes(one));
  if (version === undefined)
    throw new Error('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  const uid = randomUUID();
  const body = {
    kind: 'AdmissionReview',
    apiVersion: `${group}/${version}`,
    request: {
      uid,
      ...requestFields(request, served),
      object: objects.object ?? null,
      oldObject: objects.oldObject ?? null,
    },
  };
  return { uid, apiVersion: body.apiVersion, body };
}

/** What a webhook answered. @throws Error, in upstream's words, for an answer that is none */
export function readVerdict(
  answer: unknown,
  { uid, apiVersion }: ReviewBody,
  mutating: boolean,
): WebhookVerdict {
  const review = asRecord(answer);
  const response = asRecord(review?.response);
  if (response === undefined) throw new Error('webhook response was absent');
  const isFirst = apiVersion === `${group}/v1`;
  if (isFirst && response.uid !== uid)
    throw new Error(`expected response.uid="${uid}", got "${String(response.uid ?? '')}"`);
  if (isFirst && (review?.apiVersion !== apiVersion || review?.kind !== 'AdmissionReview'))
    throw new Error(
      `expected webhook response of ${apiVersion}, Kind=AdmissionReview, got ${String(review?.apiVersion ?? '')}, Kind=${String(review?.kind ?? '')}`,
    );
  const { patch, patchType: type, status, result, warnings, auditAnnotations } = response;
  const has = typeof patch === 'string' && patch !== '';
  if (!mutating && has) throw new Error('validating webhook may not return response.patch');
  if (!mutating && isFirst && type !== undefined && type !== null)
    throw new Error('validating webhook may not return response.patchType');
  if (isFirst && has && (type === undefined || type === null))
    throw new Error('webhook returned response.patch but not response.patchType');
  if (isFirst && !has && type !== undefined && type !== null)
    throw new Error('webhook returned response.patchType but not response.patch');
  return {
    allowed: response.allowed === true,
    patch: has ? readPatch(patch, String(type ?? 'JSONPatch')) : [],
    status: asRecord(status ?? result),
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
    auditAnnotations: Object.fromEntries(
      Object.entries(asRecord(auditAnnotations) ?? {}).map(([key, value]) => [key, String(value)]),
    ),
  };
}

/** @param base64 of the JSON text of a JSON patch */
function readPatch(base64: string, type: string): readonly unknown[] {
  if (type !== 'JSONPatch') throw new Error(`unsupported patch type "${type}"`);
  try {
    const { value } = decodeJsonText(Buffer.from(base64, 'base64').toString('utf8'));
    if (Array.isArray(value)) return value;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
  }
  throw new Error('received undecodable patch in webhook response');
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
