import type { ValidatingAdmissionPolicy } from '@kubewright/api/admissionregistration/v1';
import { BOOL, NULL, STRING } from '../../cel/types.js';
import type { PolicyScope, PolicyVariable } from './composed-variables.js';
import { compileExpression, type Expression } from './expression.js';
import {
  compileMatchConditions,
  type MatchConditions,
  type MatchObserver,
  observeMatchConditions,
} from './match-conditions.js';
import { policyEnvironments } from './policy-environments.js';
import { Budget, type Outcome, OutOfBudget, runExpression, validationBudget } from './run-expression.js';

/** A ValidatingAdmissionPolicy, compiled. */
export interface CompiledValidatingPolicy {
  readonly object: ValidatingAdmissionPolicy;
  readonly name: string;
  readonly ignoresFailure: boolean;
  readonly variables: readonly PolicyVariable[];
  readonly matchConditions: MatchConditions;
  readonly validations: readonly Validation[];
  readonly auditAnnotations: readonly {
    readonly key: string;
    readonly text: string;
    readonly expression: Expression;
  }[];
}

interface Validation {
  readonly text: string;
  readonly expression: Expression;
  readonly message: string;
  readonly messageText: string;
  readonly messageExpression: Expression | undefined;
  readonly reason: string;
}

export function compileValidatingPolicy(object: ValidatingAdmissionPolicy): CompiledValidatingPolicy {
  const { metadata, spec = {} } = object;
  const { environment, forMessages, variables } = policyEnvironments(spec);
  return {
    object,
    name: metadata.name ?? '',
    ignoresFailure: spec.failurePolicy === 'Ignore',
    variables,
    matchConditions: compileMatchConditions(spec.matchConditions, environment),
    validations: (spec.validations ?? []).map(({ expression, message, messageExpression, reason }) => ({
      text: expression,
      expression: compileExpression(expression, environment, [BOOL]),
      message: message?.trim() ?? '',
      messageText: messageExpression ?? '',
      messageExpression: messageExpression
        ? compileExpression(messageExpression, forMessages, [STRING])
        : undefined,
      reason: reason ?? 'Invalid',
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      text: valueExpression,
      expression: compileExpression(valueExpression, environment, [STRING, NULL]),
    })),
  };
}

/** Why a request is not to go through, or would not be. */
export interface Denial {
  readonly message: string;
  readonly reason: string;
  /** Of the validation. */
  readonly index: number;
}

export interface ValidationOutcome {
  readonly denials: readonly Denial[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** Annotations that could not be told: they deny whatever the binding's actions are. */
  readonly annotationErrors: readonly string[];
}

const nothing: ValidationOutcome = { denials: [], annotations: [], annotationErrors: [] };

/**
 * Evaluates a policy with one set of parameters. Source: the validator of apiserver's ValidatingAdmissionPolicy.
 * @throws AnswerPending
 */
export function evaluatePolicy(
  policy: CompiledValidatingPolicy,
  scope: PolicyScope,
  observer: MatchObserver,
): ValidationOutcome {
  const failed = (message: string): ValidationOutcome =>
    policy.ignoresFailure ? nothing : { ...nothing, denials: [{ message, reason: '', index: 0 }] };
  const matched = observeMatchConditions(policy.matchConditions, scope, observer);
  if (matched.error !== undefined) return failed(matched.error);
  if (!matched.matches) return nothing;
  try {
    return { ...annotationsOf(policy, scope), denials: denialsOf(policy, scope) };
  } catch (error) {
    if (error instanceof OutOfBudget) return failed(error.message);
    throw error;
  }
}

function denialsOf({ validations, ignoresFailure }: CompiledValidatingPolicy, scope: PolicyScope): Denial[] {
  const budget = new Budget(validationBudget);
  const outcomes = validations.map(({ text, expression }) => runExpression(text, expression, scope, budget));
  return outcomes.flatMap(({ value, problem }, index): Denial[] => {
    if (problem !== undefined) return ignoresFailure ? [] : [{ message: problem, reason: '', index }];
    if (value === true) return [];
    const validation = validations[index]!;
    const message = messageOf(validation, scope, budget);
    return [{ message, reason: validation.reason, index }];
  });
}

/** Longer messages are not shown. */
const longestMessage = 5 * 1024;

function messageOf(validation: Validation, scope: PolicyScope, budget: Budget): string {
  const { messageExpression, messageText, message, text } = validation;
  if (messageExpression !== undefined) {
    const { value } = evaluateMessage(messageText, messageExpression, scope, budget);
    const told = typeof value === 'string' ? value.trim() : '';
    if (told !== '' && Buffer.byteLength(told) <= longestMessage && !told.includes('\n')) return told;
  }
  return message !== '' ? message : `failed expression: ${text.trim()}`;
}

/** A message that can't be told is not the reason to go on. */
function evaluateMessage(text: string, expression: Expression, scope: PolicyScope, budget: Budget): Outcome {
  try {
    return runExpression(text, expression, scope, budget);
  } catch (error) {
    if (error instanceof OutOfBudget) return { problem: error.message };
    throw error;
  }
}

function annotationsOf(
  { auditAnnotations, ignoresFailure }: CompiledValidatingPolicy,
  scope: PolicyScope,
): Omit<ValidationOutcome, 'denials'> {
  const annotations: { key: string; value: string }[] = [];
  const annotationErrors: string[] = [];
  const budget = new Budget(validationBudget);
  for (const { key, text, expression } of auditAnnotations) {
    const { value, problem } = runExpression(text, expression, scope, budget);
    if (problem !== undefined && !ignoresFailure) annotationErrors.push(problem);
    const told = typeof value === 'string' ? value.trim() : '';
    if (told !== '') annotations.push({ key, value: told });
  }
  return { annotations, annotationErrors };
}
