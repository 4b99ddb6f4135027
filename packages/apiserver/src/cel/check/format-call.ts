import { clausesOf } from '../library/format-string.js';
import type { Call, Expression } from '../syntax/ast.js';
import { type CelType, typeName } from '../types.js';
import { EvaluationError } from '../values/evaluation-error.js';
import type { CheckedExpression } from './checked-expression.js';

type Kind = CelType['kind'];

/** What each clause takes, and what is said of all else. Null and what is not known is for the evaluation to refuse. */
const whole: readonly Kind[] = ['int', 'uint'];
const hex = {
  kinds: [...whole, 'bytes', 'string'],
  refusal: 'only integers, byte buffers, and strings can be formatted as hex',
} as const;
const clauses: Readonly<Record<string, { readonly kinds: readonly Kind[]; readonly refusal: string }>> = {
  s: {
    kinds: [
      ...whole,
      ...(['bool', 'bytes', 'double', 'string', 'timestamp', 'duration', 'type', 'list', 'map'] as const),
    ],
    refusal:
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  },
  d: { kinds: whole, refusal: 'decimal clause can only be used on integers' },
  f: { kinds: ['double', 'string'], refusal: 'fixed-point clause can only be used on doubles' },
  e: { kinds: ['double', 'string'], refusal: 'scientific clause can only be used on doubles' },
  b: { kinds: [...whole, 'bool'], refusal: 'only integers and bools can be formatted as binary' },
  o: { kinds: whole, refusal: 'octal clause can only be used on integers' },
  x: hex,
  X: hex,
};
const open: readonly Kind[] = ['dyn', 'error', 'null'];

/** What does not fit, and why. */
interface FormatProblem {
  readonly expression: Expression;
  readonly message: string;
}

/** Where a text and a list of arguments stand in the expression, they have to fit. Source: cel-go's format validator. */
export function formatProblem(call: Call, { types }: CheckedExpression): FormatProblem | undefined {
  const { target, args } = call;
  const [list] = args;
  if (call.function !== 'format' || target?.kind !== 'literal' || list?.kind !== 'list') return undefined;
  if (typeof target.value !== 'string') return undefined;
  const letters = lettersOf(target.value);
  if (typeof letters !== 'object') return { expression: call, message: letters };
  const refuse = (letter: string, expression: Expression): Expression | undefined => {
    const { kinds } = clauses[letter] ?? hex;
    const type = types.get(expression);
    if (type === undefined || open.includes(type.kind)) return undefined;
    if (!kinds.includes(type.kind)) return expression;
    for (const part of partsWithin(expression)) {
      const refused = refuse(letter, part);
      if (refused !== undefined) return refused;
    }
    return undefined;
  };
  for (const [index, letter] of letters.entries()) {
    const argument = list.elements[index];
    if (argument === undefined) return { expression: call, message: `index ${index} out of range` };
    const refused = refuse(letter, argument);
    if (refused === undefined) continue;
    const type = types.get(refused);
    const given = type === undefined ? '' : typeName(type);
    return {
      expression: refused,
      message: `error during formatting: ${(clauses[letter] ?? hex).refusal}, was given ${given}`,
    };
  }
  const { length } = list.elements;
  if (length <= letters.length) return undefined;
  const message = `too many arguments supplied to string.format (expected ${letters.length}, got ${length})`;
  return { expression: call, message };
}

/** What a literal list or map holds. */
function partsWithin(expression: Expression): readonly Expression[] {
  if (expression.kind === 'list') return expression.elements;
  return expression.kind === 'map' ? expression.entries.flatMap(({ key, value }) => [key, value]) : [];
}

/** The clauses' letters, or what is wrong with the text. */
function lettersOf(text: string): readonly string[] | string {
  try {
    return clausesOf(text).map(({ letter }) => letter);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return error.message;
  }
}
