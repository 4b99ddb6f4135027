import { sizeOf, traversal, traversalFactor } from '../cost/factors.js';
import { scaled } from '../cost/ranges.js';
import type { CallCost } from '../functions/declaration.js';

/** The first argument is gone through once (or `times`), and the result is of no size. */
export function scanCost(times = 1): CallCost {
  return {
    estimate: ({ args: [text] }) => ({ cost: scaled(text!.size, times * traversalFactor) }),
    actual: ([text]) => traversal(sizeOf(text!), times),
  };
}

/** The first argument is gone through once, and the result has its size at most. */
export const transformCost: CallCost = {
  estimate: ({ args: [text] }) => ({ cost: scaled(text!.size, traversalFactor), size: text!.size }),
  actual: ([text]) => traversal(sizeOf(text!)),
};
