import { compilePattern } from '../functions/regular-expressions.js';
import { type Call, type Expression, partsOf } from '../syntax/ast.js';
import type { Problem, Source } from '../syntax/source.js';
import { type CelType, formatType, sameType, unwrapOptional } from '../types.js';
import { parseDuration } from '../values/duration.js';
import { EvaluationError } from '../values/evaluation-error.js';
import { parseTimestamp } from '../values/timestamp.js';
import type { CheckedExpression } from './checked-expression.js';
import { formatProblem } from './format-call.js';

const checks: Readonly<Record<string, (text: string) => boolean>> = {
  duration: (text) => parseDuration(text) !== undefined,
  timestamp: (text) => parseTimestamp(text) !== undefined,
  matches: isPattern,
};

/**
 * What Kubernetes asks of literals besides their types: durations, timestamps and patterns that are some, and one type
 * for all elements of a list and all entries of a map. The arguments of `format` may differ, and fit its text.
 */
export function checkLiterals(source: Source, checked: CheckedExpression): Problem[] {
  const problems: Problem[] = [];
  const report = ({ offset }: Expression, message: string) =>
    problems.push({ location: source.location(offset), message });
  const visit = (expression: Expression, formatted: boolean) => {
    const exempt = formatted || (expression.kind === 'call' && expression.function === 'format');
    if (expression.kind === 'call') {
      checkArgument(expression, report);
      const wrong = formatProblem(expression, checked);
      if (wrong !== undefined) report(wrong.expression, wrong.message);
    } else if (!exempt) checkOneType(expression, checked, report);
    for (const part of partsOf(expression)) visit(part, exempt);
  };
  visit(checked.expression, false);
  return problems;
}

type Report = (expression: Expression, message: string) => void;

function checkArgument({ function: name, args: [argument] }: Call, report: Report): void {
  const check = checks[name];
  if (check === undefined || argument?.kind !== 'literal' || typeof argument.value !== 'string') return;
  if (!check(argument.value)) report(argument, `invalid ${name} argument`);
}

function checkOneType(expression: Expression, checked: CheckedExpression, report: Report): void {
  if (expression.kind === 'list') {
    const { elements, optional } = expression;
    oneType(
      elements.map((element, index) => ({ expression: element, optional: optional.has(index) })),
      checked,
      report,
    );
  }
  if (expression.kind !== 'map') return;
  oneType(
    expression.entries.map(({ key }) => ({ expression: key, optional: false })),
    checked,
    report,
  );
  oneType(
    expression.entries.map(({ value, optional }) => ({ expression: value, optional })),
    checked,
    report,
  );
}

function oneType(
  parts: readonly { readonly expression: Expression; readonly optional: boolean }[],
  { types }: CheckedExpression,
  report: Report,
): void {
  let wanted: CelType | undefined;
  for (const { expression, optional } of parts) {
    const type = types.get(expression)!;
    const given = optional ? unwrapOptional(type) : type;
    wanted ??= given;
    if (sameType(wanted, given)) continue;
    report(expression, `expected type '${formatType(wanted)}' but found '${formatType(given)}'`);
    return;
  }
}

function isPattern(text: string): boolean {
  try {
    compilePattern(text);
    return true;
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}
