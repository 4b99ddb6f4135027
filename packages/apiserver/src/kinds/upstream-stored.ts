import type { KubernetesObject } from '@kubewright/api';
import { builtinRules } from './builtin-rules.js';
import { currentDefinition } from './custom-resource-definition/former-definition.js';
import type { KindRules } from './kind-rules.js';

/** A version at which a kube-apiserver keeps objects of a kind, other than the one at which they are kept here. */
interface FormerVersion {
  /** The apiVersion at which they are kept here. */
  readonly apiVersion: string;
  /** What else is otherwise. @default nothing: the fields are the same */
  convert?(object: KubernetesObject): KubernetesObject;
}

const policies: FormerVersion = { apiVersion: 'admissionregistration.k8s.io/v1' };

/** A kube-apiserver 1.36 stores these so that the release before it can read them. Source: what lies in its etcd. */
const formerVersions: ReadonlyMap<string, FormerVersion> = new Map([
  ['admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicy', policies],
  ['admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicyBinding', policies],
  [
    'apiextensions.k8s.io/v1beta1 CustomResourceDefinition',
    { apiVersion: 'apiextensions.k8s.io/v1', convert: currentDefinition },
  ],
]);

let rulesByKind: ReadonlyMap<string, KindRules> | undefined;

/** The apiVersion whose fields an object that a kube-apiserver stored has: nearly always its own. */
export function storedFieldsOf(apiVersion: string, kind: string): string {
  const former = formerVersions.get(`${apiVersion} ${kind}`);
  return former === undefined || former.convert !== undefined ? apiVersion : former.apiVersion;
}

/**
 * An object that a kube-apiserver stored, as that itself reads it: at the version at which objects are stored here, and
 * with the defaults that upstream fills in whenever it decodes. May change what it is given.
 */
export function readStored(object: KubernetesObject): KubernetesObject {
  const former = formerVersions.get(`${object.apiVersion} ${object.kind}`);
  const { apiVersion } = former ?? object;
  const current = former?.convert?.(object) ?? object;
  const read = { ...current, ...(apiVersion === undefined ? {} : { apiVersion }) };
  rulesByKind ??= new Map(
    builtinRules.map((rules) => [`${rules.kind.apiVersion} ${rules.kind.kind}`, rules]),
  );
  rulesByKind.get(`${apiVersion} ${object.kind}`)?.default?.(read);
  return read;
}
