import type { Kind } from '@kubewright/api';
import type {
  ExpressionWarning,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicySpec,
} from '@kubewright/api/admissionregistration/v1';
import {
  CompileError,
  checkExpression,
  type DeclaredType,
  declareType,
  type Environment,
  extendEnvironment,
} from '../../cel/index.js';
import { DYN } from '../../cel/types.js';
import { composeVariables } from './composed-variables.js';
import { admissionEnvironment } from './environment.js';
import { groupVersionKind } from './group-version-kind.js';

/** The kinds of a server, as far as types are checked against them. */
export interface KnownKinds {
  at(group: string, version: string, plural: string): { readonly kind: Kind } | undefined;
  find(kind: { group: string; version: string; kind: string }): { readonly kind: Kind } | undefined;
}

/** More kinds are not looked at. Source: maxTypesToCheck. */
const mostKinds = 10;

/**
 * Warnings of expressions that do not fit the types of the kinds that the rules name: what `status.typeChecking` shows.
 * They do not keep the policy from working, as objects are dyn where it does. Source: the type checker of apiserver's
 * ValidatingAdmissionPolicy.
 */
export function typeWarnings(
  { spec = {} }: ValidatingAdmissionPolicy,
  kinds: KnownKinds,
): ExpressionWarning[] {
  const environments = namedKinds(spec, kinds).map((kind) => ({
    kind,
    environment: typedEnvironment(spec, kind, kinds),
  }));
  const warningsOf = (fieldRef: string, expression: string | undefined): ExpressionWarning[] => {
    if (!expression) return [];
    const problems = environments.flatMap(({ kind, environment }) => {
      const problem = problemOf(expression, environment);
      return problem === undefined ? [] : [`${kind.apiVersion}, Kind=${kind.kind}: ${problem}\n`];
    });
    return problems.length === 0 ? [] : [{ fieldRef, warning: problems.join('\n') }];
  };
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
    ...warningsOf(`spec.validations[${index}].expression`, expression),
    ...warningsOf(`spec.validations[${index}].messageExpression`, messageExpression),
  ]);
}

function problemOf(expression: string, environment: Environment): string | undefined {
  try {
    checkExpression(expression, environment);
    return undefined;
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
}

function typedEnvironment(
  { paramKind, variables = [] }: ValidatingAdmissionPolicySpec,
  kind: Kind,
  kinds: KnownKinds,
): Environment {
  const params = paramKind !== undefined;
  const type = typeOfKind(kind) ?? DYN;
  const paramsKind = params ? kinds.find(groupVersionKind(paramKind)) : undefined;
  const base = extendEnvironment(admissionEnvironment({ params, authorizer: true }), {
    variables: {
      object: type,
      oldObject: type,
      ...(params && { params: (paramsKind && typeOfKind(paramsKind.kind)) ?? DYN }),
    },
  });
  return composeVariables(base, variables).environment;
}

const types = new WeakMap<object, DeclaredType>();

function typeOfKind({ schema, kind }: Kind): DeclaredType | undefined {
  const known = types.get(schema.root);
  if (known !== undefined) return known;
  const type = declareType(schema, { name: kind, resourceRoot: true });
  if (type !== undefined) types.set(schema.root, type);
  return type;
}

/** The kinds that rules name one by one, in the order of groups, versions and kinds. */
function namedKinds({ matchConstraints }: ValidatingAdmissionPolicySpec, kinds: KnownKinds): Kind[] {
  const found = new Map<string, Kind>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) continue;
    for (const group of apiGroups)
      for (const version of apiVersions)
        for (const plural of resources) {
          const kind = kinds.at(group, version, plural)?.kind;
          if (kind !== undefined && found.size < mostKinds)
            found.set(`${kind.group}/${kind.version}/${kind.kind}`, kind);
        }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}
