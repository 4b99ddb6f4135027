import type { SubjectAccessReviewSpec } from '@kubewright/api/authorization/v1';
import { compile } from '../../../cel/compile.js';
import { extendEnvironment } from '../../../cel/environment.js';
import { kubernetesEnvironment } from '../../../cel/kubernetes-environment.js';
import { BOOL, type CelType, listOf, mapOf, STRING } from '../../../cel/types.js';

function objectOf(name: string, fields: Readonly<Record<string, CelType>>): CelType {
  const known = new Map(Object.entries(fields).map(([field, type]) => [field, { name: field, type }]));
  return { kind: 'object', name, fields: () => known };
}

const requirement = objectOf('kubernetes.SelectorRequirement', {
  key: STRING,
  operator: STRING,
  values: listOf(STRING),
});
const selector = (name: string) =>
  objectOf(`kubernetes.${name}`, { rawSelector: STRING, requirements: listOf(requirement) });

/** What match conditions may refer to: `request` is the spec of a SubjectAccessReview. */
const environment = extendEnvironment(kubernetesEnvironment, {
  variables: {
    request: objectOf('kubernetes.SubjectAccessReviewSpec', {
      user: STRING,
      groups: listOf(STRING),
      uid: STRING,
      extra: mapOf(STRING, listOf(STRING)),
      resourceAttributes: objectOf('kubernetes.ResourceAttributes', {
        namespace: STRING,
        verb: STRING,
        group: STRING,
        version: STRING,
        resource: STRING,
        subresource: STRING,
        name: STRING,
        fieldSelector: selector('FieldSelectorAttributes'),
        labelSelector: selector('LabelSelectorAttributes'),
      }),
      nonResourceAttributes: objectOf('kubernetes.NonResourceAttributes', { path: STRING, verb: STRING }),
    }),
  },
});

/**
 * Whether all expressions are true of a request: false as soon as one is false, whatever the others fail with.
 * @throws Error for an expression that is none or not of a bool
 */
export function matchConditions(
  expressions: readonly string[],
): ((spec: SubjectAccessReviewSpec) => boolean) | undefined {
  if (expressions.length === 0) return undefined;
  const programs = expressions.map((expression) => {
    const program = compile(expression, environment);
    if (program.resultType !== BOOL) throw new Error(`${JSON.stringify(expression)} must evaluate to bool`);
    return program;
  });
  return (spec) => {
    const request = withEmpty(spec);
    let failure: unknown;
    for (const program of programs) {
      try {
        if (program.evaluate({ request }).value !== true) return false;
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return true;
  };
}

/** What is left out of a review is empty to a condition; only the one of the two sorts of attributes is missing. */
function withEmpty(spec: SubjectAccessReviewSpec): object {
  const { user = '', groups = [], uid = '', extra = {}, resourceAttributes, nonResourceAttributes } = spec;
  const empty = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' };
  return {
    user,
    groups,
    uid,
    extra,
    ...(resourceAttributes === undefined ? {} : { resourceAttributes: { ...empty, ...resourceAttributes } }),
    ...(nonResourceAttributes === undefined
      ? {}
      : { nonResourceAttributes: { path: '', verb: '', ...nonResourceAttributes } }),
  };
}
