import type {
  MutatingAdmissionPolicySpec,
  ValidatingAdmissionPolicySpec,
} from '@kubewright/api/admissionregistration/v1';
import { type Environment, extendEnvironment } from '../../cel/index.js';
import { jsonPatchFunctions } from '../../cel/library/json-patch.js';
import { composeVariables, type PolicyVariable } from './composed-variables.js';
import { admissionEnvironment } from './environment.js';
import { mutationTypes } from './mutation-types.js';

/** The environments of a policy's expressions, its variables compiled. */
export interface PolicyEnvironments {
  readonly variables: readonly PolicyVariable[];
  readonly environment: Environment;
  /** Messages may not ask the authorizer. */
  readonly forMessages: Environment;
  /** Mutations may make objects. */
  readonly forMutations: Environment;
}

export function policyEnvironments({
  paramKind,
  variables: given = [],
}: Pick<
  ValidatingAdmissionPolicySpec | MutatingAdmissionPolicySpec,
  'paramKind' | 'variables'
>): PolicyEnvironments {
  const params = paramKind !== undefined;
  const base = admissionEnvironment({ params, authorizer: true });
  const composed = composeVariables(base, given);
  const { variables } = composed;
  // Without any of them there is no `variables`, but for mutations.
  const environment = variables.length === 0 ? base : composed.environment;
  const known = environment.variables.get('variables');
  return {
    variables,
    environment,
    forMessages: extendEnvironment(admissionEnvironment({ params, authorizer: false }), {
      variables: known === undefined ? {} : { variables: known.type },
    }),
    forMutations: extendEnvironment(composed.environment, {
      types: mutationTypes,
      functions: jsonPatchFunctions,
    }),
  };
}
