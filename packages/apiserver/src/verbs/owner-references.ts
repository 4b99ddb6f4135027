import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '@kubewright/api';
import type { Exchange } from '../exchange.js';

/**
 * Keeps of owner references that are the same the first, and warns. Source: apiserver's
 * `dedupOwnerReferencesAndAddWarning`.
 * @param when as the warning has it: ` after mutating admission happens` for what a patch made, else nothing
 */
export function dedupeOwners(exchange: Exchange, { metadata }: KubernetesObject, when = ''): void {
  const { ownerReferences = [] } = metadata;
  if (ownerReferences.length < 2) return;
  const kept: typeof ownerReferences = [];
  const repeated = new Set<string>();
  for (const reference of ownerReferences) {
    if (kept.some((other) => isDeepStrictEqual(other, reference))) repeated.add(reference.uid ?? '');
    else kept.push(reference);
  }
  if (repeated.size === 0) return;
  metadata.ownerReferences = kept;
  exchange.warn(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...repeated].join(', ')}`,
  );
}

/** What the warning says of patches. */
export const afterAdmission = ' after mutating admission happens';
