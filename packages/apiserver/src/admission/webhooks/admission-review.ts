import { randomUUID } from 'node:crypto';
import { decodeJsonText, JsonSyntaxError, type KubernetesObject, type Status } from '@kubewright/api';
import { goJsonName } from '../../patch/json-object.js';
import type { AdmissionRequest } from '../admission-request.js';
import { requestFields } from '../request-fields.js';
import type { DecodedReview } from './decode-review.js';
import type { WebhookMatch } from './webhook-index.js';

/** What a webhook said, checked. */
export interface WebhookVerdict {
  readonly allowed: boolean;
  /** JSON text; empty where nothing is to change. */
  readonly patch: string;
  readonly patchType?: string | undefined;
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

/** What a webhook answered. @throws Error, in upstream's words, for an answer that says nothing */
export function readVerdict(
  { apiVersion, kind, response }: DecodedReview,
  asked: ReviewBody,
  mutating: boolean,
): WebhookVerdict {
  if (response === undefined) throw new Error('webhook response was absent');
  const { uid, patch, patchType: type, ...verdict } = response;
  // Of answers in v1beta1 nothing else was ever looked at.
  if (asked.apiVersion !== `${group}/v1`) return { ...verdict, patch: mutating ? patch : '' };
  if (uid !== asked.uid) throw new Error(`expected response.uid="${asked.uid}", got "${uid}"`);
  if (apiVersion !== asked.apiVersion || kind !== 'AdmissionReview')
    throw new Error(
      `expected webhook response of ${asked.apiVersion}, Kind=AdmissionReview, got ${apiVersion}, Kind=${kind}`,
    );
  if (!mutating && patch !== '') throw new Error('validating webhook may not return response.patch');
  if (!mutating && type !== undefined)
    throw new Error('validating webhook may not return response.patchType');
  if (patch !== '' && type === undefined)
    throw new Error('webhook returned response.patch but not response.patchType');
  if (patch === '' && type !== undefined)
    throw new Error('webhook returned response.patchType but not response.patch');
  if (type === '') throw new Error('webhook returned invalid response.patchType of ""');
  return { ...verdict, patch, patchType: type };
}

/** The operations of a verdict's patch. @throws Error, in upstream's words, for a patch that is none */
export function readPatch({ patch, patchType = jsonPatch }: WebhookVerdict): readonly unknown[] {
  if (patch === '') return [];
  const undecodable = 'received undecodable patch in webhook response: ';
  let value: unknown;
  try {
    value = decodeJsonText(patch).value;
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw new Error(`${undecodable}${cause.message}`, { cause });
  }
  if (!Array.isArray(value))
    throw new Error(
      `${undecodable}json: cannot unmarshal ${goJsonName(value)} into Go value of type jsonpatch.Patch`,
    );
  if (value.length > 0 && patchType !== jsonPatch) throw new Error(`unsupported patch type "${patchType}"`);
  return value;
}

const jsonPatch = 'JSONPatch';
