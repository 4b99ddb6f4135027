import type { OwnerReference } from '@kubewright/api/meta/v1';
import type { GraphNode } from './ownership-graph.js';

/** What is known of the object that a reference names. */
export type OwnerState =
  /** Looked for and not there. */
  | 'absent'
  /** There; keeps its dependents. */
  | 'solid'
  /** There, and deleted: waits for its dependents to go first. */
  | 'waiting';

/** What has to be done about an object because of its owners. */
export type Verdict =
  /** It has no owners, or all are well. */
  | { readonly type: 'keep' }
  /** Some owner keeps it; references to the others are taken off. */
  | { readonly type: 'release'; readonly owners: readonly OwnerReference[] }
  /** Nobody keeps it. */
  | {
      readonly type: 'delete';
      readonly propagation: 'Foreground' | 'Background' | 'Orphan';
      /** It is in a circle of objects that wait for each other: its own references must stop blocking first. */
      readonly unblock: boolean;
    };

/** @param object as the server has it now, with the states of all its owners @param dependents of the object */
export function judge(
  owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[],
  finalizers: { readonly foreground: boolean; readonly orphan: boolean },
  dependents: readonly GraphNode[],
): Verdict {
  if (owners.length === 0) return { type: 'keep' };
  const solid = owners.filter(({ state }) => state === 'solid');
  if (solid.length === owners.length) return { type: 'keep' };
  if (solid.length > 0) {
    const gone = owners.filter(({ state }) => state !== 'solid');
    return { type: 'release', owners: gone.map(({ reference }) => reference) };
  }
  const isAwaited = owners.some(({ state }) => state === 'waiting');
  if (isAwaited && dependents.length > 0)
    return {
      type: 'delete',
      propagation: 'Foreground',
      unblock: dependents.some((dependent) => dependent.deletingDependents),
    };
  const propagation = finalizers.orphan ? 'Orphan' : finalizers.foreground ? 'Foreground' : 'Background';
  return { type: 'delete', propagation, unblock: false };
}
