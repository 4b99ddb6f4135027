/**
 * The Common Expression Language as Kubernetes 1.36 uses it. It knows no kind: an environment says which variables
 * there are and of what types, and {@link compile} makes a program of an expression in it.
 */
export { CompileError, checkExpression, compile } from './compile.js';
export { type Environment, extendEnvironment } from './environment.js';
export { kubernetesEnvironment } from './kubernetes-environment.js';
export { Program, perCallLimit } from './program.js';
export { declareType } from './schema/declare-type.js';
export type { DeclaredType } from './schema/declared-type.js';
export { escapeProperty } from './schema/escape.js';
export { EvaluationError, EvaluationStopped } from './values/evaluation-error.js';
export type { Value } from './values/value.js';
