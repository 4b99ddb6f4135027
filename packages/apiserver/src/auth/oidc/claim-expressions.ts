import { LRUCache } from 'lru-cache';
import { CompileError, checkExpression, compile } from '../../cel/compile.js';
import { type Environment, extendEnvironment } from '../../cel/environment.js';
import { kubernetesEnvironment } from '../../cel/kubernetes-environment.js';
import type { Program } from '../../cel/program.js';
import { DYN, listOf, mapOf, STRING } from '../../cel/types.js';
import { EvaluationError, EvaluationStopped } from '../../cel/values/evaluation-error.js';
import { ListValue } from '../../cel/values/list-value.js';
import { CredentialError } from '../authenticator.js';
import type { CheckExpression } from './authentication-configuration.js';
import type { Evaluate } from './claim-mappings.js';

/** What expressions of an AuthenticationConfiguration may refer to. Source: apiserver's `pkg/authentication/cel`. */
const environments: Readonly<Record<'claims' | 'user', Environment>> = {
  claims: extendEnvironment(kubernetesEnvironment, { variables: { claims: mapOf(STRING, DYN) } }),
  user: extendEnvironment(kubernetesEnvironment, {
    variables: {
      user: {
        kind: 'object',
        name: 'kubernetes.UserInfo',
        fields: () =>
          new Map([
            ['username', { name: 'username', type: STRING }],
            ['uid', { name: 'uid', type: STRING }],
            ['groups', { name: 'groups', type: listOf(STRING) }],
            ['extra', { name: 'extra', type: mapOf(STRING, listOf(STRING)) }],
          ]),
      },
    },
  }),
};

/** Tells what is wrong with an expression over claims or over a user. */
export const checkClaimExpression: CheckExpression = (expression, variable) => {
  try {
    checkExpression(expression, environments[variable]);
    return undefined;
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
};

const programs = new LRUCache<string, Program>({ max: 1_000 });

/** Evaluates an expression that {@link checkClaimExpression} found nothing wrong with. */
export const evaluateClaims: Evaluate = (expression, variables) => {
  const variable = variables.user === undefined ? 'claims' : 'user';
  const key = `${variable} ${expression}`;
  const program = programs.get(key) ?? compile(expression, environments[variable]);
  programs.set(key, program);
  try {
    const { value } = program.evaluate(variables);
    return value instanceof ListValue
      ? Array.from({ length: value.length }, (_, index) => value.at(index))
      : value;
  } catch (error) {
    if (!(error instanceof EvaluationError) && !(error instanceof EvaluationStopped)) throw error;
    throw new CredentialError(`oidc: expression ${JSON.stringify(expression)}: ${error.message}`);
  }
};
