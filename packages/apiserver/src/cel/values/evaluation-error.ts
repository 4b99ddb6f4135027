/**
 * An expression can't be evaluated with these values: a missing key, an overflow, no overload. `&&`, `||` and the
 * macros over them absorb it where the other operand decides.
 */
export class EvaluationError extends Error {
  constructor(message: string) {
    // Expressions may make thousands of them that nobody reads: no stack is captured.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'EvaluationError';
  }
}

/** The evaluation was stopped, whatever the expression: nothing absorbs it. */
export class EvaluationStopped extends Error {
  override readonly name = 'EvaluationStopped';
}

export function noSuchOverload(): EvaluationError {
  return new EvaluationError('no such overload');
}

export function noSuchKey(key: string): EvaluationError {
  return new EvaluationError(`no such key: ${key}`);
}
