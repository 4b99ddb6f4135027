import type { Schema } from '@kubewright/api';
import { declareType, type Environment, extendEnvironment, kubernetesEnvironment } from '../../cel/index.js';
import { authorizerType, resourceCheckType } from '../../cel/library/authorizer.js';
import { DYN } from '../../cel/types.js';

/** Which variables expressions of admission may use, besides those that all of them may. */
export interface AdmissionVariables {
  readonly params: boolean;
  readonly authorizer: boolean;
}

const environments = new Map<string, Environment>();

/**
 * The environment of expressions in admission: `object`, `oldObject`, `request`, `namespaceObject`, and where allowed
 * `params`, `authorizer` and `authorizer.requestResource`. Objects are dyn.
 */
export function admissionEnvironment({ params, authorizer }: AdmissionVariables): Environment {
  const key = `${params} ${authorizer}`;
  const known = environments.get(key);
  if (known !== undefined) return known;
  const environment = extendEnvironment(kubernetesEnvironment, {
    variables: {
      object: DYN,
      oldObject: DYN,
      request: declared('kubernetes.AdmissionRequest'),
      namespaceObject: declared('kubernetes.Namespace'),
      ...(params && { params: DYN }),
      ...(authorizer && { authorizer: authorizerType, 'authorizer.requestResource': resourceCheckType }),
    },
  });
  environments.set(key, environment);
  return environment;
}

const string: Schema = { type: 'string' };
const strings: Schema = { type: 'array', items: string };
const stringMap: Schema = { type: 'object', additionalProperties: string };
const integer: Schema = { type: 'integer' };
const time: Schema = { type: 'string', format: 'date-time' };
/** As free as a value can be. */
const anything: Schema = { 'x-kubernetes-int-or-string': true };

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties };
}

function reference($ref: string): Schema {
  return { $ref };
}

/** What expressions see of a request and of its namespace. Source: apiserver's admission/plugin/cel. */
const definitions: Readonly<Record<string, Schema>> = {
  'kubernetes.GroupVersionKind': object({ group: string, version: string, kind: string }),
  'kubernetes.GroupVersionResource': object({ group: string, version: string, resource: string }),
  'kubernetes.UserInfo': object({
    username: string,
    uid: string,
    groups: strings,
    extra: { type: 'object', additionalProperties: strings },
  }),
  'kubernetes.AdmissionRequest': object({
    kind: reference('kubernetes.GroupVersionKind'),
    resource: reference('kubernetes.GroupVersionResource'),
    subResource: string,
    requestKind: reference('kubernetes.GroupVersionKind'),
    requestResource: reference('kubernetes.GroupVersionResource'),
    requestSubResource: string,
    name: string,
    namespace: string,
    operation: string,
    userInfo: reference('kubernetes.UserInfo'),
    dryRun: { type: 'boolean' },
    options: anything,
  }),
  'kubernetes.NamespaceSpec': object({ finalizers: strings }),
  'kubernetes.NamespaceCondition': object({
    status: string,
    type: string,
    lastTransitionTime: time,
    message: string,
    reason: string,
  }),
  'kubernetes.NamespaceStatus': object({
    conditions: { type: 'array', items: reference('kubernetes.NamespaceCondition') },
    phase: string,
  }),
  'kubernetes.NamespaceMetadata': object({
    name: string,
    generateName: string,
    namespace: string,
    labels: stringMap,
    annotations: stringMap,
    UID: string,
    creationTimestamp: time,
    deletionGracePeriodSeconds: integer,
    deletionTimestamp: time,
    generation: integer,
    resourceVersion: string,
    finalizers: strings,
  }),
  'kubernetes.Namespace': object({
    metadata: reference('kubernetes.NamespaceMetadata'),
    spec: reference('kubernetes.NamespaceSpec'),
    status: reference('kubernetes.NamespaceStatus'),
  }),
};

function declared(name: string) {
  const resolve = (ref: string): Schema => {
    const definition = definitions[ref];
    if (definition === undefined) throw new Error(`there is no definition ${ref}`);
    return definition;
  };
  const type = declareType({ root: reference(name), resolve });
  if (type === undefined) throw new Error(`${name} has no type`);
  return type;
}
