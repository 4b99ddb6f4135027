import type { SuccessPolicy } from '@kubewright/api/batch/v1';
import { IndexSet } from './index-set.js';

/** Which rule, if any, the indexes that succeeded fulfil, as the message of a condition. Source: KEP-3998. */
export function fulfilledRule(
  policy: SuccessPolicy | undefined,
  completions: number,
  succeeded: IndexSet,
): string | undefined {
  if (succeeded.size === 0) return undefined;
  const index = (policy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined)
      return succeededCount !== undefined && succeeded.size >= succeededCount;
    const required = IndexSet.parse(succeededIndexes, completions);
    return required.size > 0 && required.shared(succeeded) >= (succeededCount ?? required.size);
  });
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}
