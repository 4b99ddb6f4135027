import type { Kind, KubernetesObject } from '@kubewright/api';
import { goValue, isObject } from '../patch/json-object.js';
import { type FieldError, FieldPath, invalid } from '../validation/field-error.js';

type ScalePaths = NonNullable<Kind['scalePaths']>;

const mostReplicas = 2 ** 31 - 1;

/** Whether numbers and selector stand where a kind's scale looks for them. Source: apiextensions' `ValidateScaleSpec` and `ValidateScaleStatus`. */
export function scaleErrors(paths: ScalePaths, object: KubernetesObject, statusOnly: boolean): FieldError[] {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = paths;
  return [
    ...(statusOnly ? [] : replicasErrors(object, specReplicasPath)),
    ...replicasErrors(object, statusReplicasPath),
    ...(labelSelectorPath === undefined ? [] : selectorErrors(object, labelSelectorPath)),
  ];
}

function replicasErrors(object: KubernetesObject, path: string): FieldError[] {
  const field = new FieldPath(path);
  const { value = 0, problem } = valueAt(object, path);
  if (problem !== undefined) return [invalid(field, 0, problem)];
  if (!isWhole(value)) return [invalid(field, 0, wrongType(path, value, 'int64'))];
  if (value < 0) return [invalid(field, value, 'should be a non-negative integer')];
  if (value > mostReplicas) return [invalid(field, value, `should be less than or equal to ${mostReplicas}`)];
  return [];
}

function selectorErrors(object: KubernetesObject, path: string): FieldError[] {
  const { value = '', problem } = valueAt(object, path);
  if (problem !== undefined) return [invalid(new FieldPath(path), '', problem)];
  return typeof value === 'string'
    ? []
    : [invalid(new FieldPath(path), '', wrongType(path, value, 'string'))];
}

/** Undefined where something on the way is not there. */
function valueAt(
  object: KubernetesObject,
  path: string,
): { readonly value?: unknown; readonly problem?: string } {
  const steps = path.replace(/^\./, '').split('.');
  let value: unknown = object;
  for (const [index, step] of steps.entries()) {
    if (value === undefined || value === null) return {};
    if (!isObject(value))
      return {
        problem: wrongType(`.${steps.slice(0, index + 1).join('.')}`, value, 'map[string]interface{}'),
      };
    value = value[step];
  }
  return { value };
}

function isWhole(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function wrongType(path: string, value: unknown, wanted: string): string {
  return `${path} accessor error: ${goValue(value)} is of the type ${goType(value)}, expected ${wanted}`;
}

function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || typeof value === 'bigint') return isWhole(value) ? 'int64' : 'float64';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}
