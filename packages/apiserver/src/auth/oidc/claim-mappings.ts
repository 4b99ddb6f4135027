import { CredentialError } from '../authenticator.js';
import type { User } from '../user.js';
import type { ClaimMapping, JwtConfiguration } from './jwt-configuration.js';

/** The claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Evaluates an expression over `claims` or `user`. @throws CredentialError where it has no value */
export type Evaluate = (expression: string, variables: { claims?: Claims; user?: object }) => unknown;

/**
 * Whom the claims stand for, and whether they may.
 * @throws CredentialError for claims that are missing, of the wrong type or against a rule
 */
export function userOfClaims(claims: Claims, configuration: JwtConfiguration, evaluate: Evaluate): User {
  const { claimMappings: mappings, claimValidationRules, userValidationRules } = configuration;
  for (const rule of claimValidationRules) {
    if (rule.expression === undefined) checkRequired(claims, rule.claim ?? '', rule.requiredValue ?? '');
    else if (evaluate(rule.expression, { claims }) !== true)
      throw new CredentialError(
        `oidc: ${rule.message || `validation expression '${rule.expression}' failed`}`,
      );
  }
  const name = usernameOf(claims, mappings.username, evaluate);
  const groups = mappings.groups === undefined ? [] : groupsOf(claims, mappings.groups, evaluate);
  const uid = mappings.uid === undefined ? '' : textOf(claims, mappings.uid, 'uid', evaluate);
  const extra: Record<string, string[]> = {};
  for (const { key, valueExpression } of mappings.extra) {
    const values = listOf(evaluate(valueExpression, { claims }), `extra ${key}`);
    if (values.length > 0) extra[key] = values;
  }
  const user: User = {
    name,
    ...(uid === '' ? {} : { uid }),
    groups,
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
  const info = { username: name, uid, groups, extra };
  for (const { expression, message } of userValidationRules)
    if (evaluate(expression, { user: info }) !== true)
      throw new CredentialError(`oidc: ${message || `validation expression '${expression}' failed`}`);
  return user;
}

function checkRequired(claims: Claims, claim: string, wanted: string): void {
  const value = claims[claim];
  if (value === undefined) throw new CredentialError(`oidc: required claim ${claim} not present in ID token`);
  if (value !== wanted) throw new CredentialError(`oidc: required claim ${claim} value does not match`);
}

function usernameOf(claims: Claims, mapping: ClaimMapping, evaluate: Evaluate): string {
  const name = textOf(claims, mapping, 'username', evaluate);
  if (name === '') throw new CredentialError('oidc: the username is empty');
  if (mapping.claim === undefined) return name;
  // An address that nobody has shown to be his own is nobody's name.
  const verified = claims.email_verified;
  if (mapping.claim === 'email' && verified !== undefined && verified !== true)
    throw new CredentialError(`oidc: email not verified: ${name}`);
  return `${mapping.prefix ?? ''}${name}`;
}

function groupsOf(claims: Claims, mapping: ClaimMapping, evaluate: Evaluate): string[] {
  if (mapping.claim === undefined) return listOf(evaluate(mapping.expression ?? '', { claims }), 'groups');
  const value = claims[mapping.claim];
  return listOf(value, `claim ${mapping.claim}`).map((group) => `${mapping.prefix ?? ''}${group}`);
}

function textOf(
  claims: Claims,
  { claim, expression }: ClaimMapping,
  what: string,
  evaluate: Evaluate,
): string {
  const value = claim === undefined ? evaluate(expression ?? '', { claims }) : claims[claim];
  if (typeof value === 'string') return value;
  throw new CredentialError(
    value === undefined
      ? `oidc: parse ${what} claims "${claim}": claim not present`
      : `oidc: the ${what} is no string`,
  );
}

/** One text is a list of one; nothing is a list of none. */
function listOf(value: unknown, what: string): string[] {
  if (value === undefined || value === null || value === '') return [];
  const values = Array.isArray(value) ? value : [value];
  if (values.every((one) => typeof one === 'string')) return values.filter((one) => one !== '');
  throw new CredentialError(`oidc: ${what} is no list of strings`);
}
