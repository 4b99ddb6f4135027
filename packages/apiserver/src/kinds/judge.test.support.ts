import type { KubernetesObject } from '@kubewright/api';
import type { FieldError } from '../validation/field-error.js';
import type { KindRules } from './kind-rules.js';
import { testContext } from './test-context.js';

/** What a create of the object is told, in order: each error as `field: message`. */
export function judge(rules: KindRules, object: object): string[] {
  const made = structuredClone(object) as KubernetesObject;
  rules.default?.(made);
  rules.prepareForCreate?.(made, testContext);
  return said([
    ...(rules.validate?.(made, testContext) ?? []),
    ...(rules.validateCreate?.(made, testContext) ?? []),
  ]);
}

/** What an update from one object to the other is told. */
export function judgeUpdate(rules: KindRules, old: object, next: object): string[] {
  const [before, after] = [structuredClone(old), structuredClone(next)] as KubernetesObject[];
  for (const object of [before, after]) rules.default?.(object as KubernetesObject);
  rules.prepareForUpdate?.(after as KubernetesObject, before as KubernetesObject, testContext);
  return said([
    ...(rules.validate?.(after as KubernetesObject, testContext) ?? []),
    ...(rules.validateUpdate?.(after as KubernetesObject, before as KubernetesObject, testContext) ?? []),
  ]);
}

function said(errors: readonly FieldError[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}
