import { createListCost, sizeOf, traversal, traversalFactor } from '../cost/factors.js';
import { one, plus, scaled } from '../cost/ranges.js';
import type { CelType } from '../types.js';
import { CelValue } from '../values/cel-value.js';
import type { Value } from '../values/value.js';
import type { CallCost } from './declaration.js';

/** Values of Kubernetes' own types compare at once. */
export function equalityCost(a: Value, b: Value): number {
  if (a instanceof CelValue && 'costSize' in a) return 1;
  return traversal(Math.min(sizeOf(a), sizeOf(b)));
}

/** `==`, `!=` and the order of texts look at the shorter one. */
export const compareCost: CallCost = {
  estimate: ({ args: [a, b] }) => {
    const max = Math.min(a!.size.max, b!.size.max);
    return { cost: scaled({ min: max > 0 ? 1 : 0, max }, traversalFactor) };
  },
  actual: ([a, b]) => traversal(Math.min(sizeOf(a!), sizeOf(b!))),
};

/** The same of `==`, to which values of Kubernetes' own types are one step. */
export const equalsCost: CallCost = {
  ...compareCost,
  estimate: (call) =>
    call.args.every(({ type }) => isAtomic(type)) ? { cost: one } : compareCost.estimate?.(call),
};

function isAtomic(type: CelType): boolean {
  if (type.kind === 'opaque') return type.name === 'net.IP' || type.name === 'net.CIDR';
  // A URL is compared as its text.
  return type.kind === 'object' && type.name.startsWith('kubernetes.') && type.name !== 'kubernetes.URL';
}

/** Both texts are copied. */
export const concatenationCost: CallCost = {
  estimate: ({ args: [a, b] }) => {
    const size = plus(a!.size, b!.size);
    return { cost: scaled(size, traversalFactor), size };
  },
  actual: ([a, b]) => traversal(sizeOf(a!) + sizeOf(b!)),
};

/** Every element may have to be looked at. */
export const inListCost: CallCost = {
  estimate: ({ args: [, list] }) => ({ cost: list!.size }),
  actual: ([, list]) => sizeOf(list!),
};

/** A list of so many elements is made, with so much work for each. */
export function listCost(elements: number, factor: number): number {
  return Math.floor(elements * factor) + 1 + createListCost;
}
