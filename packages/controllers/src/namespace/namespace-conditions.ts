import { setCondition } from '@kubewright/api';
import type { NamespaceCondition } from '@kubewright/api/core/v1';

/** What one pass over a namespace's content found. */
export interface Remaining {
  /** Objects that are left, by resource (`pods.`, `deployments.apps`), as upstream writes them. */
  readonly perResource: ReadonlyMap<string, number>;
  /** Objects that wait for a finalizer, by finalizer. */
  readonly perFinalizer: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
  readonly discoveryFailure?: string | undefined;
}

/** The conditions that tell why a namespace is still there. @param now milliseconds since 1970 */
export function deletionConditions(
  conditions: readonly NamespaceCondition[] | undefined,
  remaining: Remaining,
  now: number,
): readonly NamespaceCondition[] {
  return conditionsOf(remaining).reduce<readonly NamespaceCondition[]>(
    (list, condition) => setCondition(list, condition, now),
    conditions ?? [],
  );
}

function conditionsOf(remaining: Remaining): NamespaceCondition[] {
  const { perResource, perFinalizer, failures, discoveryFailure } = remaining;
  return [
    condition('NamespaceDeletionDiscoveryFailure', discoveryFailure, {
      bad: ['DiscoveryFailed', discoveryFailure ?? ''],
      good: ['ResourcesDiscovered', 'All resources successfully discovered'],
    }),
    condition('NamespaceDeletionGroupVersionParsingFailure', undefined, {
      bad: ['', ''],
      good: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    }),
    condition('NamespaceDeletionContentFailure', failures.length > 0, {
      bad: [
        'ContentDeletionFailed',
        `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`,
      ],
      good: ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    }),
    condition('NamespaceContentRemaining', perResource.size > 0, {
      bad: [
        'SomeResourcesRemain',
        `Some resources are remaining: ${counted(perResource, (resource, count) => `${resource} has ${count} resource instances`)}`,
      ],
      good: ['ContentRemoved', 'All content successfully removed'],
    }),
    condition('NamespaceFinalizersRemaining', perFinalizer.size > 0, {
      bad: [
        'SomeFinalizersRemain',
        `Some content in the namespace has finalizers remaining: ${counted(perFinalizer, (finalizer, count) => `${finalizer} in ${count} resource instances`)}`,
      ],
      good: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
    }),
  ];
}

type Words = readonly [reason: string, message: string];

function condition(
  type: string,
  isBad: unknown,
  words: { readonly bad: Words; readonly good: Words },
): NamespaceCondition {
  const [reason, message] = isBad ? words.bad : words.good;
  return { type, status: isBad ? 'True' : 'False', reason, message };
}

function counted(counts: ReadonlyMap<string, number>, line: (name: string, count: number) => string): string {
  return [...counts]
    .map(([name, count]) => line(name, count))
    .sort()
    .join(', ');
}
