import { RE2JS, RE2JSSyntaxException } from 're2js';
import { matching, patternFactor, sizeOf, traversalFactor } from '../cost/factors.js';
import { fixed, plus, scaled, times } from '../cost/ranges.js';
import { EvaluationError } from '../values/evaluation-error.js';
import type { CallCost } from './declaration.js';

const compiled = new Map<string, RE2JS>();
const mostCompiled = 1_000;

/**
 * The RE2 program of a pattern, which runs in time linear to the text.
 * @throws EvaluationError when it is none
 */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  let program: RE2JS;
  try {
    program = RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const detail = error.getPattern() === null ? '' : `: \`${error.getPattern()}\``;
    throw new EvaluationError(`error parsing regexp: ${error.getDescription()}${detail}`);
  }
  if (compiled.size >= mostCompiled) compiled.clear();
  compiled.set(pattern, program);
  return program;
}

/** Whether the pattern is found anywhere in the text. */
export function matches(text: string, pattern: string): boolean {
  return compilePattern(pattern).matcher(text).find();
}

export const patternCost: CallCost = {
  estimate: ({ args: [text, pattern] }) => ({
    cost: times(scaled(plus(text!.size, fixed(1)), traversalFactor), scaled(pattern!.size, patternFactor)),
  }),
  actual: ([text, pattern]) => matching(sizeOf(text!), sizeOf(pattern!)),
};
