import { isApiError } from '@kubewright/api';
import type { MutatingAdmissionPolicy } from '@kubewright/api/admissionregistration/v1';
import { EvaluationError, type Value } from '../../cel/index.js';
import { listOf } from '../../cel/types.js';
import { elements, isList } from '../../cel/values/list-value.js';
import { isMap, mapGet } from '../../cel/values/map-value.js';
import { toJson } from '../../cel/values/to-json.js';
import { fieldTypeOf } from '../../patch/field-types.js';
import type { JsonObject } from '../../patch/json-object.js';
import { applyJsonPatch } from '../../patch/json-patch.js';
import { mergeTyped } from '../../patch/merge-typed.js';
import { typeProblems } from '../../patch/type-problems.js';
import type { BodyKind } from '../../schema/body-kind.js';
import { atomicPaths } from './atomic-paths.js';
import type { PolicyScope, PolicyVariable } from './composed-variables.js';
import { compileExpression, type Expression } from './expression.js';
import { compileMatchConditions, type MatchConditions } from './match-conditions.js';
import { appliedObject, jsonPatchOperation, typeNameErrors } from './mutation-types.js';
import { policyEnvironments } from './policy-environments.js';
import { Budget, OutOfBudget, runExpression, validationBudget } from './run-expression.js';

/** A MutatingAdmissionPolicy, compiled. */
export interface CompiledMutatingPolicy {
  readonly object: MutatingAdmissionPolicy;
  readonly name: string;
  readonly ignoresFailure: boolean;
  readonly wantsReinvocation: boolean;
  readonly variables: readonly PolicyVariable[];
  readonly matchConditions: MatchConditions;
  readonly mutations: readonly Mutation[];
}

export interface Mutation {
  readonly type: 'ApplyConfiguration' | 'JSONPatch';
  readonly text: string;
  readonly expression: Expression;
}

export function compileMutatingPolicy(object: MutatingAdmissionPolicy): CompiledMutatingPolicy {
  const { metadata, spec = {} } = object;
  const { environment, forMutations, variables } = policyEnvironments(spec);
  return {
    object,
    name: metadata.name ?? '',
    ignoresFailure: spec.failurePolicy === 'Ignore',
    wantsReinvocation: spec.reinvocationPolicy === 'IfNeeded',
    variables,
    matchConditions: compileMatchConditions(spec.matchConditions, environment),
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }): Mutation => {
      const applies = patchType === 'ApplyConfiguration';
      const text = (applies ? applyConfiguration : jsonPatch)?.expression ?? '';
      const result = applies ? appliedObject : listOf(jsonPatchOperation);
      return {
        type: applies ? 'ApplyConfiguration' : 'JSONPatch',
        text,
        expression: compileExpression(text, forMutations, [result]),
      };
    }),
  };
}

/** A mutation that can't be made. The message is upstream's. */
export class MutationError extends Error {}

/**
 * The object that a mutation makes; nothing is changed in place. Source: the patchers of apiserver's
 * MutatingAdmissionPolicy.
 * @throws MutationError, AnswerPending
 */
export function mutate(
  object: JsonObject,
  mutation: Mutation,
  { scope, body }: { scope: PolicyScope; body: BodyKind },
): JsonObject {
  const { type, text, expression } = mutation;
  try {
    const { value, problem } = runExpression(text, expression, scope, new Budget(validationBudget));
    if (problem !== undefined) throw new MutationError(problem);
    return type === 'JSONPatch' ? patched(object, value) : applied(object, value, body);
  } catch (error) {
    if (error instanceof OutOfBudget || error instanceof EvaluationError)
      throw new MutationError(error.message);
    throw error;
  }
}

function applied(object: JsonObject, value: Value, { schema, apiVersion, kind }: BodyKind): JsonObject {
  checkTypeNames(value);
  const configuration = { ...(toJson(value) as JsonObject), apiVersion, kind };
  const type = fieldTypeOf(schema);
  const problems = typeProblems(configuration, type);
  if (problems.length > 0)
    throw new MutationError(
      `error applying patch: failed to convert patch object to typed object: ${problems.join(', ')}`,
    );
  const atomic = atomicPaths(configuration, type);
  if (atomic.length > 0)
    throw new MutationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}`,
    );
  return mergeTyped(object, configuration, type) as JsonObject;
}

/** Operation by operation: a `test` that does not hold leaves the object as it is. */
function patched(object: JsonObject, value: Value): JsonObject {
  if (!isList(value))
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array');
  let result = object;
  for (const element of elements(value)) {
    const operation = operationOf(element);
    try {
      result = applyJsonPatch(result, [operation]) as JsonObject;
    } catch (error) {
      if (!isApiError(error)) throw error;
      if (operation.op === 'test') return object;
      const { message } = error.cause instanceof Error ? error.cause : error;
      throw new MutationError(`JSON Patch: ${message}`);
    }
  }
  return result;
}

function operationOf(value: Value): JsonObject {
  if (!isMap(value))
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch');
  const content = mapGet(value, 'value');
  if (content !== undefined) checkTypeNames(content);
  return toJson(value) as JsonObject;
}

function checkTypeNames(value: Value): void {
  const errors = typeNameErrors(value);
  if (errors.length > 0) throw new MutationError(`type mismatch: ${errors.join('\n')}`);
}
