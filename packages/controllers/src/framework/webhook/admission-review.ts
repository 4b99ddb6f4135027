import { ApiError, isApiError, type KubernetesObject } from '@kubewright/api';
import { jsonPatch } from './json-patch.js';

/** What an admission webhook is asked. Source: `admission.k8s.io/v1`. */
export interface AdmissionRequest<T extends KubernetesObject> {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly subResource?: string | undefined;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly userInfo: {
    readonly username?: string | undefined;
    readonly uid?: string | undefined;
    readonly groups?: readonly string[] | undefined;
  };
  /** What is to be stored; not there when something is deleted. */
  readonly object?: T | undefined;
  /** What is stored; not there when something is created. */
  readonly oldObject?: T | undefined;
  readonly dryRun?: boolean | undefined;
}

/** What a validator may add to its consent. */
export interface AdmissionNotes {
  /** For the user, as `Warning` headers. */
  readonly warnings?: readonly string[] | undefined;
  readonly auditAnnotations?: Readonly<Record<string, string>> | undefined;
}

/** Consents by returning, and refuses by throwing; see {@link refusal}. */
export type Validator<T extends KubernetesObject> = (
  request: AdmissionRequest<T>,
) => Promise<AdmissionNotes | undefined> | AdmissionNotes | undefined;

/** Returns the object as it shall be (changed in place or another), or undefined to leave it; refuses by throwing. */
export type Mutator<T extends KubernetesObject> = (
  object: T,
  request: AdmissionRequest<T>,
) => Promise<T | undefined> | T | undefined;

/** What a validator or mutator throws to refuse: the message is for the user. */
export function refusal(message: string): ApiError {
  return new ApiError('Forbidden', message);
}

/** Answers an `AdmissionReview` by a validator. @throws TypeError for a body that is none */
export async function reviewByValidator<T extends KubernetesObject>(
  body: unknown,
  validate: Validator<T>,
): Promise<object> {
  const request = requestOf<T>(body);
  return reviewed(request.uid, async () => {
    const { warnings, auditAnnotations } = (await validate(request)) ?? {};
    return { warnings, auditAnnotations };
  });
}

/** Answers an `AdmissionReview` by a mutator: with a JSON patch. @throws TypeError for a body that is none */
export async function reviewByMutator<T extends KubernetesObject>(
  body: unknown,
  mutate: Mutator<T>,
): Promise<object> {
  const request = requestOf<T>(body);
  return reviewed(request.uid, async () => {
    if (request.object === undefined) return {};
    const before = structuredClone(request.object);
    const operations = jsonPatch(before, (await mutate(request.object, request)) ?? before);
    if (operations.length === 0) return {};
    return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') };
  });
}

async function reviewed(uid: string, decide: () => Promise<object>): Promise<object> {
  const answer = async () => {
    try {
      return { uid, allowed: true, ...(await decide()) };
    } catch (error) {
      if (!isApiError(error)) throw error;
      return { uid, allowed: false, status: error.toStatus() };
    }
  };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: await answer() };
}

function requestOf<T extends KubernetesObject>(body: unknown): AdmissionRequest<T> {
  const review = body as { readonly kind?: unknown; readonly request?: AdmissionRequest<T> } | null;
  if (review?.kind !== 'AdmissionReview' || typeof review.request?.uid !== 'string')
    throw new TypeError('the body is no AdmissionReview with a request');
  return review.request;
}
