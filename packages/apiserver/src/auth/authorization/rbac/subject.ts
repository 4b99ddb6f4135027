import type { Subject } from '@kubewright/api/rbac/v1';
import { serviceAccountUsername } from '../../service-account/service-account-user.js';

/**
 * Under what key the subject's grants are found: `u:` and a user, or `g:` and a group.
 * @param namespace of the binding, which is a service account's where it names none
 * @returns undefined for a subject that is nobody
 */
export function subjectKey(
  { kind, name, namespace: own = '' }: Subject,
  namespace: string,
): string | undefined {
  if (kind === 'User') return `u:${name}`;
  if (kind === 'Group') return `g:${name}`;
  const home = own === '' ? namespace : own;
  return kind === 'ServiceAccount' && home !== '' ? `u:${serviceAccountUsername(home, name)}` : undefined;
}

/** As the reason of a decision names it. */
export function describeSubject({ kind, name, namespace: own = '' }: Subject, namespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind} "${name}"`;
  return `${kind} "${name}/${own === '' ? namespace : own}"`;
}
