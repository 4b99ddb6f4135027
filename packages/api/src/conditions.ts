import { formatTime } from './time.js';

/** What the conditions of all kinds have in common. */
export interface ConditionLike {
  type: string;
  /** `True`, `False` or `Unknown`. */
  status: string;
  reason?: string | undefined;
  message?: string | undefined;
  lastTransitionTime?: string | undefined;
  observedGeneration?: number | undefined;
}

/** The condition of that type. */
export function findCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** True when the condition is there with status `True`. */
export function isConditionTrue(conditions: readonly ConditionLike[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * The conditions with this one set, in place of the one of its type or at the end. `lastTransitionTime` becomes now
 * only where the status changed, as apimachinery's `SetStatusCondition` does. Where nothing changes the same array
 * comes back, so that a caller sees that there is nothing to write.
 * @param now milliseconds since 1970
 */
export function setCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  condition: C,
  now: number,
): readonly C[] {
  const before = findCondition(conditions, condition.type);
  if (conditions === undefined || before === undefined)
    return [
      ...(conditions ?? []),
      { ...condition, lastTransitionTime: condition.lastTransitionTime ?? formatTime(now) },
    ];
  const isSameStatus = before.status === condition.status;
  const after: C = {
    ...before,
    ...condition,
    lastTransitionTime: isSameStatus
      ? before.lastTransitionTime
      : (condition.lastTransitionTime ?? formatTime(now)),
  };
  const isSame = Object.entries(after).every(([key, value]) => before[key as keyof C] === value);
  return isSame ? conditions : conditions.map((each) => (each === before ? after : each));
}

/** The conditions without the one of that type; the same array where there is none. */
export function removeCondition<C extends ConditionLike>(
  conditions: readonly C[],
  type: string,
): readonly C[] {
  return findCondition(conditions, type) === undefined
    ? conditions
    : conditions.filter((condition) => condition.type !== type);
}
