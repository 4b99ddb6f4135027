import type { User } from '../user.js';
import type { TokenClaims } from './token-claims.js';

/** The user name of a service account. */
export function serviceAccountUsername(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

const extraKey = 'authentication.kubernetes.io/';

/** Whom a token stands for, with what it is bound to as extras. Source: apiserver's `ServiceAccountInfo`. */
export function serviceAccountUser({ jti, kubernetes }: TokenClaims): User {
  const { namespace, serviceaccount, pod, node } = kubernetes;
  const extra: Record<string, readonly string[]> = {};
  if (pod !== undefined) {
    extra[`${extraKey}pod-name`] = [pod.name];
    extra[`${extraKey}pod-uid`] = [pod.uid];
  }
  if (jti !== undefined) extra[`${extraKey}credential-id`] = [`JTI=${jti}`];
  if (node !== undefined) {
    extra[`${extraKey}node-name`] = [node.name];
    if (node.uid !== '') extra[`${extraKey}node-uid`] = [node.uid];
  }
  return {
    name: serviceAccountUsername(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
