import type { Schema } from '@kubewright/api';
import { parseConfiguration } from '../../configuration/parse-configuration.js';
import type { AnonymousOptions } from '../authentication/authenticator-chain.js';
import type { ClaimMapping, JwtConfiguration } from './jwt-configuration.js';

/** What an AuthenticationConfiguration says. */
export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtConfiguration[];
  readonly anonymous?: AnonymousOptions;
}

const text: Schema = { type: 'string' };
const nonEmpty: Schema = { type: 'string', minLength: 1 };
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
});
const list = (items: Schema): Schema => ({ type: 'array', items });
const mapping = object({ claim: text, prefix: text, expression: text });

const schema = object({
  jwt: {
    maxItems: 64,
    default: [],
    ...list(
      object(
        {
          issuer: object(
            {
              url: nonEmpty,
              discoveryURL: text,
              certificateAuthority: text,
              audiences: { ...list(nonEmpty), minItems: 1 },
              audienceMatchPolicy: { enum: ['', 'MatchAny'] },
            },
            ['url', 'audiences'],
          ),
          claimValidationRules: {
            default: [],
            ...list(object({ claim: text, requiredValue: text, expression: text, message: text })),
          },
          claimMappings: object(
            {
              username: mapping,
              groups: mapping,
              uid: object({ claim: text, expression: text }),
              extra: {
                default: [],
                ...list(object({ key: nonEmpty, valueExpression: nonEmpty }, ['key', 'valueExpression'])),
              },
            },
            ['username'],
          ),
          userValidationRules: {
            default: [],
            ...list(object({ expression: nonEmpty, message: text }, ['expression'])),
          },
        },
        ['issuer', 'claimMappings'],
      ),
    ),
  },
  anonymous: object(
    { enabled: { type: 'boolean' }, conditions: list(object({ path: nonEmpty }, ['path'])) },
    ['enabled'],
  ),
});

interface ConfigurationFile {
  readonly jwt: readonly JwtConfiguration[];
  readonly anonymous?: {
    readonly enabled: boolean;
    readonly conditions?: readonly { readonly path: string }[];
  };
}

/** Reads the file of `--authentication-config`. @throws Error that names the field */
export async function parseAuthenticationConfiguration(
  content: string,
  file: string,
): Promise<AuthenticationConfiguration> {
  const { jwt, anonymous } = await parseConfiguration<ConfigurationFile>(content, file, {
    kind: 'AuthenticationConfiguration',
    apiVersions: ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1'],
    schema,
  });
  const { checkClaimExpression } = await import('./claim-expressions.js');
  const problems = jwt.flatMap((issuer, index) =>
    problemsOf(issuer, checkClaimExpression).map((problem) => `jwt[${index}].${problem}`),
  );
  const urls = jwt.map(({ issuer }) => issuer.url);
  urls.forEach((url, index) => {
    if (urls.indexOf(url) < index)
      problems.push(`jwt[${index}].issuer.url: Duplicate value: ${JSON.stringify(url)}`);
  });
  if (anonymous !== undefined && !anonymous.enabled && (anonymous.conditions ?? []).length > 0)
    problems.push(
      'anonymous.conditions: Forbidden: enabled should be set to true when conditions are defined',
    );
  if (problems.length > 0) throw new Error(`${file}: ${problems.join(', ')}`);
  if (anonymous === undefined) return { jwt };
  const { enabled, conditions = [] } = anonymous;
  const paths = conditions.map(({ path }) => path);
  return { jwt, anonymous: { enabled, ...(paths.length === 0 ? {} : { paths }) } };
}

/** Tells what is wrong with an expression over these variables; undefined for a good one. */
export type CheckExpression = (expression: string, variable: 'claims' | 'user') => string | undefined;

function problemsOf(configuration: JwtConfiguration, check: CheckExpression): string[] {
  const { issuer, claimMappings: mappings, claimValidationRules, userValidationRules } = configuration;
  const problems: string[] = [];
  for (const [field, url] of [
    ['url', issuer.url],
    ['discoveryURL', issuer.discoveryURL],
  ] as const)
    if (url !== undefined && !url.startsWith('https://'))
      problems.push(`issuer.${field}: Invalid value: ${JSON.stringify(url)}: URL scheme must be https`);
  const expressions: [string, string | undefined, 'claims' | 'user'][] = [];
  for (const name of ['username', 'groups', 'uid'] as const) {
    const mapping: ClaimMapping | undefined = mappings[name];
    if (mapping === undefined) continue;
    problems.push(...mappingProblems(mapping, name));
    expressions.push([`claimMappings.${name}.expression`, mapping.expression, 'claims']);
  }
  claimValidationRules.forEach(({ claim, expression }, index) => {
    if ((claim === undefined) === (expression === undefined))
      problems.push(`claimValidationRules[${index}]: Required value: claim or expression is required`);
    expressions.push([`claimValidationRules[${index}].expression`, expression, 'claims']);
  });
  mappings.extra.forEach(({ key, valueExpression }, index) => {
    if (key !== key.toLowerCase())
      problems.push(
        `claimMappings.extra[${index}].key: Invalid value: ${JSON.stringify(key)}: key must be lowercase`,
      );
    expressions.push([`claimMappings.extra[${index}].valueExpression`, valueExpression, 'claims']);
  });
  userValidationRules.forEach(({ expression }, index) => {
    expressions.push([`userValidationRules[${index}].expression`, expression, 'user']);
  });
  for (const [field, expression, variable] of expressions) {
    const problem = expression === undefined ? undefined : check(expression, variable);
    if (problem !== undefined)
      problems.push(`${field}: Invalid value: ${JSON.stringify(expression)}: ${problem}`);
  }
  return problems;
}

function mappingProblems({ claim, prefix, expression }: ClaimMapping, name: string): string[] {
  const field = `claimMappings.${name}`;
  if (claim !== undefined && expression !== undefined)
    return [`${field}: Invalid value: "": claim and expression can't both be set`];
  if (claim === undefined && expression === undefined)
    return name === 'username' ? [`${field}: Required value: claim or expression is required`] : [];
  if (claim !== undefined && name !== 'uid' && prefix === undefined)
    return [
      `${field}.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing`,
    ];
  return [];
}
