import { dns1123LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import { createListCost, createObjectCost, sizeOf, traversalFactor } from '../cost/factors.js';
import { type CostEstimate, fixed, plus, type SizeEstimate, scaled } from '../cost/ranges.js';
import type { CallCost, FunctionDeclaration } from '../functions/declaration.js';
import { BOOL, type CelType, objectType, STRING } from '../types.js';
import { CelValue } from '../values/cel-value.js';
import { EvaluationError, EvaluationStopped } from '../values/evaluation-error.js';
import { method, named } from './define.js';

export const authorizerType = objectType('kubernetes.authorization.Authorizer');
const pathCheckType = objectType('kubernetes.authorization.PathCheck');
const groupCheckType = objectType('kubernetes.authorization.GroupCheck');
export const resourceCheckType = objectType('kubernetes.authorization.ResourceCheck');
const decisionType = objectType('kubernetes.authorization.Decision');
export const authorizerTypes = [
  authorizerType,
  pathCheckType,
  groupCheckType,
  resourceCheckType,
  decisionType,
];

/** What an expression asks: may somebody do this? */
export interface AuthorizationQuestion {
  /** Without it: the user of the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  /** A path that is no resource's. */
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error?: string;
}

/** Who answers; may have to ask somebody else. */
export type Authorize = (
  question: AuthorizationQuestion,
) => AuthorizationAnswer | Promise<AuthorizationAnswer>;

/** An answer is still to come: the evaluation is to be made again when it is there. */
export class AnswerPending extends EvaluationStopped {
  readonly answer: Promise<unknown>;

  constructor(answer: Promise<unknown>) {
    super('the authorizer has not answered yet');
    this.answer = answer;
  }
}

/** Asks each question once; what has to be waited for stops the evaluation. */
class Answers {
  readonly #authorize: Authorize;
  readonly #known = new Map<string, AuthorizationAnswer>();

  constructor(authorize: Authorize) {
    this.#authorize = authorize;
  }

  /** @throws AnswerPending */
  ask(question: AuthorizationQuestion): AuthorizationAnswer {
    const key = JSON.stringify(question);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const answer = this.#authorize(question);
    if (!(answer instanceof Promise)) {
      this.#known.set(key, answer);
      return answer;
    }
    throw new AnswerPending(answer.then((given) => void this.#known.set(key, given)));
  }
}

/** One step of a question: `authorizer.group('apps').resource('deployments')`. */
class Check extends CelValue {
  readonly type: CelType;
  readonly answers: Answers;
  readonly question: Omit<AuthorizationQuestion, 'verb'>;

  constructor(type: CelType, answers: Answers, question: Omit<AuthorizationQuestion, 'verb'>) {
    super();
    this.type = type;
    this.answers = answers;
    this.question = question;
  }

  equals(other: unknown): boolean {
    return this === other;
  }

  with(more: Partial<AuthorizationQuestion>, type: CelType = this.type): Check {
    return new Check(type, this.answers, { ...this.question, ...more });
  }

  check(verb: string): Decision {
    return new Decision(this.answers.ask({ ...this.question, verb }));
  }
}

class Decision extends CelValue {
  readonly type = decisionType;
  readonly answer: AuthorizationAnswer;

  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }

  equals(other: unknown): boolean {
    return this === other;
  }
}

/** The variables `authorizer` and `authorizer.requestResource` of one request: they remember what they were told. */
export function authorizerValues(
  authorize: Authorize,
  requestResource: Omit<AuthorizationQuestion, 'verb'>,
): { readonly authorizer: CelValue; readonly requestResource: CelValue } {
  const answers = new Answers(authorize);
  return {
    authorizer: new Check(authorizerType, answers, {}),
    requestResource: new Check(resourceCheckType, answers, requestResource),
  };
}

/** As much as two checks an expression. */
const checkCost: CallCost = { estimate: () => ({ cost: fixed(350_000) }), actual: () => 350_000 };

const selectorCost: CallCost = {
  estimate: ({ args: [, selector] }) => ({ cost: requirementsCost(selector!.size) }),
  actual: ([, selector]) => requirementsCost(fixed(sizeOf(selector!))).max,
};

/** The shortest requirement has two characters; each is a list and an object. */
function requirementsCost(size: SizeEstimate): CostEstimate {
  const requirements = scaled(scaled(size, 0.5), createListCost + createObjectCost);
  return plus(fixed(createListCost), scaled(size, traversalFactor), requirements);
}

/** Kubernetes' authorizer library with its selectors. */
export const authorizerFunctions: readonly FunctionDeclaration[] = [
  named(
    'path',
    method(['authorizer_path', [authorizerType, STRING], pathCheckType], (check: Check, path: string) =>
      check.with({ path: notEmpty('path', path) }, pathCheckType),
    ),
  ),
  named(
    'group',
    method(['authorizer_group', [authorizerType, STRING], groupCheckType], (check: Check, group: string) =>
      check.with({ group }, groupCheckType),
    ),
  ),
  named(
    'serviceAccount',
    method(['authorizer_serviceaccount', [authorizerType, STRING, STRING], authorizerType], serviceAccount),
  ),
  named(
    'resource',
    method(
      ['groupcheck_resource', [groupCheckType, STRING], resourceCheckType],
      (check: Check, resource: string) =>
        check.with({ resource: notEmpty('resource', resource) }, resourceCheckType),
    ),
  ),
  detail('subresource', 'resourcecheck_subresource'),
  detail('namespace', 'resourcecheck_namespace'),
  detail('name', 'resourcecheck_name'),
  detail('fieldSelector', 'authorizer_fieldselector', selectorCost),
  detail('labelSelector', 'authorizer_labelselector', selectorCost),
  named(
    'check',
    method(['pathcheck_check', [pathCheckType, STRING], decisionType], check, checkCost),
    method(['resourcecheck_check', [resourceCheckType, STRING], decisionType], check, checkCost),
  ),
  named(
    'allowed',
    method(['decision_allowed', [decisionType], BOOL], ({ answer }: Decision) => answer.allowed),
  ),
  named(
    'reason',
    method(['decision_reason', [decisionType], STRING], ({ answer }: Decision) => answer.reason),
  ),
  named(
    'errored',
    method(['decision_errored', [decisionType], BOOL], ({ answer }: Decision) => answer.error !== undefined),
  ),
  named(
    'error',
    method(['decision_error', [decisionType], STRING], ({ answer }: Decision) => answer.error ?? ''),
  ),
];

type Detail = 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector';

function detail(name: Detail, id: string, cost?: CallCost): FunctionDeclaration {
  const set = (check: Check, value: string) => check.with({ [name]: value });
  return named(name, method([id, [resourceCheckType, STRING], resourceCheckType], set, cost));
}

function check(value: Check, verb: string): Decision {
  return value.check(verb);
}

function serviceAccount(value: Check, namespace: string, name: string): Check {
  if (dns1123SubdomainErrors(name).length > 0) throw new EvaluationError('Invalid service account name');
  if (dns1123LabelErrors(namespace).length > 0)
    throw new EvaluationError('Invalid service account namespace');
  return value.with({ serviceAccount: { namespace, name } });
}

function notEmpty(what: string, value: string): string {
  if (value.trim() === '') throw new EvaluationError(`${what} must not be empty`);
  return value;
}
