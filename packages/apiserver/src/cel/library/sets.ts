import { sizeOf } from '../cost/factors.js';
import { one, plus, scaled, times } from '../cost/ranges.js';
import type { CallCost, FunctionDeclaration } from '../functions/declaration.js';
import { BOOL, listOf, parameter } from '../types.js';
import { equal } from '../values/equality.js';
import { elements, type List } from '../values/list-value.js';
import { global, named } from './define.js';

const list = listOf(parameter('T'));

/** Every element of one is compared with every element of the other. */
function compareCost(factor: number): CallCost {
  return {
    estimate: ({ args: [a, b] }) => ({ cost: plus(scaled(times(a!.size, b!.size), factor), one) }),
    actual: ([a, b]) => 1 + Math.floor(sizeOf(a!) * sizeOf(b!) * factor),
  };
}

/** cel-go's sets extension: lists as sets. */
export const setFunctions: readonly FunctionDeclaration[] = [
  named('sets.contains', global(['list_sets_contains_list', [list, list], BOOL], contains, compareCost(1))),
  named(
    'sets.equivalent',
    global(
      ['list_sets_equivalent_list', [list, list], BOOL],
      (a: List, b: List) => contains(a, b) && contains(b, a),
      compareCost(2),
    ),
  ),
  named(
    'sets.intersects',
    global(
      ['list_sets_intersects_list', [list, list], BOOL],
      (a: List, b: List) => elements(a).some((element) => elements(b).some((other) => equal(element, other))),
      compareCost(1),
    ),
  ),
];

function contains(all: List, part: List): boolean {
  const candidates = elements(all);
  return elements(part).every((element) => candidates.some((other) => equal(other, element)));
}
