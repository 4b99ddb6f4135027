import { randomUUID } from 'node:crypto';
import {
  badRequest,
  conflict,
  formatTime,
  type Kind,
  type KubernetesObject,
  notFound,
} from '@kubewright/api';
import type { BoundObjectReference, TokenRequest } from '@kubewright/api/authentication/v1';
import { Node, Pod, Secret, type ServiceAccount } from '@kubewright/api/core/v1';
import type { ObjectReader } from '../../registry/write-context.js';
import { type FieldError, invalid, invalidObject, path } from '../../validation/field-error.js';
import { intersect } from '../authentication/token-union.js';
import type { ServiceAccountTokens } from './service-account-tokens.js';
import type { ObjectRef, ServiceAccountClaims } from './token-claims.js';

const defaultSeconds = 60 * 60;
const leastSeconds = 10 * 60;
const mostSeconds = 2 ** 32;
/** What the ServiceAccount admission plugin asks for on behalf of pods; those who ask for it get it extended. */
const pluginSeconds = 60 * 60 + 7;
const extendedSeconds = 365 * 24 * 60 * 60;

const tokenRequest = { group: 'authentication.k8s.io', plural: 'tokenrequests', kind: 'TokenRequest' };

/** What {@link requestToken} needs besides the request. */
export interface TokenRequestContext {
  readonly tokens: ServiceAccountTokens;
  /** The server's own audiences. */
  readonly audiences: readonly string[];
  readonly objects: ObjectReader;
  now(): number;
  warn(text: string): void;
  /** Adds to the audit event. */
  annotate(key: string, value: string): void;
}

/**
 * Answers a TokenRequest for an account with a token.
 * @throws ApiError Invalid, BadRequest, NotFound and Conflict of the object that it is to be bound to
 */
export async function requestToken(
  account: ServiceAccount,
  request: TokenRequest,
  context: TokenRequestContext,
): Promise<KubernetesObject & Record<'spec' | 'status', object>> {
  const { name = '', namespace = '' } = account.metadata;
  refuseOtherAccount(account, request);
  const now = Math.floor(context.now() / 1000);
  const { audiences: asked, expirationSeconds, boundObjectRef } = request.spec ?? {};
  const audiences = asked?.length ? asked : [...context.audiences];
  let seconds = expirationSeconds ?? defaultSeconds;
  const errors = validate(seconds);
  if (errors.length > 0) throw invalidObject(tokenRequest, '', errors);
  const bound = await boundClaims(account, boundObjectRef ?? undefined, context.objects);
  const { maxExpirationSeconds: most, extendExpiration = true } = context.tokens.options;
  if (most !== undefined && seconds > most) {
    context.warn(`requested expiration of ${seconds} seconds shortened to ${most} seconds`);
    seconds = most;
  }
  // Clients that never read the file again shall not break: they are only told on.
  const ours = intersect(context.audiences, audiences).length === audiences.length;
  const extended = extendExpiration && bound.pod !== undefined && seconds === pluginSeconds && ours;
  const lifetime = extended ? Math.max(seconds, Math.min(extendedSeconds, most ?? extendedSeconds)) : seconds;
  const { token, id } = context.tokens.sign({
    audiences,
    issuedAt: now,
    expiresAt: now + lifetime,
    kubernetes: {
      namespace,
      ...bound,
      serviceaccount: { name, uid: account.metadata.uid ?? '' },
      ...(extended ? { warnafter: now + seconds } : {}),
    },
  });
  context.annotate('authentication.kubernetes.io/issued-credential-id', `JTI=${id}`);
  return {
    ...request,
    metadata: {
      ...request.metadata,
      ...{ name, namespace, uid: randomUUID(), creationTimestamp: formatTime(now * 1000) },
    },
    spec: {
      audiences,
      expirationSeconds: seconds,
      // Go writes this pointer also where there is nothing behind it.
      boundObjectRef: boundObjectRef ?? null,
    },
    status: { token, expirationTimestamp: formatTime((now + seconds) * 1000) },
  };
}

function refuseOtherAccount({ metadata }: ServiceAccount, request: TokenRequest): void {
  for (const key of ['name', 'namespace'] as const) {
    const asked = request.metadata?.[key];
    if (asked && asked !== metadata[key])
      throw invalidObject(tokenRequest, metadata.name ?? '', [
        invalid(path('metadata', key), asked, `must match the service account ${key} if specified`),
      ]);
  }
}

function validate(seconds: number): FieldError[] {
  const field = path('spec', 'expirationSeconds');
  if (seconds < leastSeconds)
    return [invalid(field, seconds, 'may not specify a duration less than 10 minutes')];
  if (seconds > mostSeconds)
    return [invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')];
  return [];
}

/** Kinds that a token may be bound to. */
type Bound = Pick<ServiceAccountClaims, 'pod' | 'secret' | 'node'>;

async function boundClaims(
  account: ServiceAccount,
  ref: BoundObjectReference | undefined,
  objects: ObjectReader,
): Promise<Bound> {
  if (!ref) return {};
  const { apiVersion = '', kind = '', name = '', uid = '' } = ref;
  const { name: accountName = '', namespace = '' } = account.metadata;
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const find = async <T extends KubernetesObject>(of: Kind<T>, where: string): Promise<[T, ObjectRef]> => {
    if (name === '') throw badRequest('Name parameter required.');
    const object = await objects.get(of, where, name);
    if (object === undefined) throw notFound(of, name);
    const found = object.metadata.uid ?? '';
    if (uid !== '' && uid !== found)
      throw conflict(
        { ...of, plural: kind },
        name,
        `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    return [object, { name, uid: found }];
  };
  if (group === '' && kind === 'Pod') {
    const [pod, claim] = await find(Pod, namespace);
    if (pod.spec?.serviceAccountName !== accountName)
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(accountName)} to pod running with different serviceaccount name.`,
      );
    const nodeName = pod.spec.nodeName ?? '';
    if (nodeName === '') return { pod: claim };
    const node = await objects.get(Node, '', nodeName);
    return { pod: claim, node: { name: nodeName, uid: node?.metadata.uid ?? '' } };
  }
  if (group === '' && kind === 'Secret') return { secret: (await find(Secret, namespace))[1] };
  if (group === '' && kind === 'Node') return { node: (await find(Node, ''))[1] };
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
}
