import { matching, sizeOf } from '../cost/factors.js';
import type { CallCost, FunctionDeclaration } from '../functions/declaration.js';
import { compilePattern, patternCost } from '../functions/regular-expressions.js';
import { INT, listOf, STRING } from '../types.js';
import type { Integer } from '../values/integers.js';
import { method, named } from './define.js';

const cost: CallCost = {
  estimate: (call) => {
    const estimate = patternCost.estimate?.(call);
    return estimate && { ...estimate, size: { min: 0, max: call.args[0]!.size.max } };
  },
  actual: ([text, pattern]) => matching(sizeOf(text!), sizeOf(pattern!)),
};

/** Kubernetes' regex library. */
export const regexFunctions: readonly FunctionDeclaration[] = [
  named('find', method(['string_find_string', [STRING, STRING], STRING], find, cost)),
  named(
    'findAll',
    method(['string_find_all_string', [STRING, STRING], listOf(STRING)], findAll, cost),
    method(['string_find_all_string_int', [STRING, STRING, INT], listOf(STRING)], findAll, cost),
  ),
];

function find(text: string, pattern: string): string {
  const matcher = compilePattern(pattern).matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

/** At most so many; all with a negative number. */
function findAll(text: string, pattern: string, limit: Integer = -1): string[] {
  const matcher = compilePattern(pattern).matcher(text);
  const found: string[] = [];
  while ((limit < 0 || found.length < limit) && matcher.find()) found.push(matcher.group() ?? '');
  return found;
}
