import { CompileError, compile, type Environment, type Program } from '../../cel/index.js';
import { BOOL, type CelType, describeType, sameType } from '../../cel/types.js';
import { type FieldError, type FieldPath, invalid } from '../../validation/field-error.js';
import { admissionEnvironment } from './environment.js';

/** An expression that is ready to run, or why it is not. */
export type Expression =
  | { readonly program: Program; readonly problem?: undefined }
  | { readonly program?: undefined; readonly problem: string };

/**
 * Compiles an expression whose result must be of one of these types; any will do without them.
 * @returns the problem in upstream's words
 */
export function compileExpression(
  text: string,
  environment: Environment,
  results?: readonly CelType[],
): Expression {
  let program: Program;
  try {
    program = compile(text, environment);
  } catch (error) {
    if (error instanceof CompileError) return { problem: `compilation failed: ${error.message}` };
    throw error;
  }
  const { resultType } = program;
  if (results === undefined || results.some((type) => sameType(type, resultType))) return { program };
  const wanted = results.map(describeType);
  const names = wanted.length === 1 ? wanted[0] : `one of [${wanted.join(' ')}]`;
  return { problem: `must evaluate to ${names} but got ${describeType(resultType)}` };
}

/** What is wrong with an expression, as a fault of the field that holds it. */
export function expressionErrors(
  text: string,
  field: FieldPath,
  { environment, results }: { readonly environment: Environment; readonly results?: readonly CelType[] },
): FieldError[] {
  const { problem } = compileExpression(text, environment, results);
  return problem === undefined ? [] : [invalid(field, text, problem)];
}

/** What is wrong with the expression of a match condition: of a webhook, or of a policy with or without parameters. */
export function matchConditionErrors(text: string, field: FieldPath, params = false): FieldError[] {
  return expressionErrors(text, field, {
    environment: admissionEnvironment({ params, authorizer: true }),
    results: [BOOL],
  });
}
