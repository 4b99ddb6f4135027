import {
  formatLabelSelector,
  type Kind,
  type KubernetesObject,
  type LabelSelector,
  labelRequirements,
  type Verb,
} from '@kubewright/api';
import type { ObjectSource } from '../registry/object-source.js';
import { structural } from '../schema/structural.js';
import { StructuralSchema } from '../schema/structural-schema.js';
import type { KindRules, ScaleRules } from './kind-rules.js';

/**
 * The rules of a kind of one's own: its schema says what is valid, its changes are counted in `metadata.generation`,
 * an update names the resourceVersion that it changes,
 * and it scales where it says how. `own` adds to them or replaces them.
 */
export function kindRules<T extends KubernetesObject>(
  kind: Kind<T>,
  own: Partial<Omit<KindRules<T>, 'kind'>> = {},
): KindRules<T> {
  const scale = scaleByPaths<T>(kind);
  return {
    kind: own.source === undefined ? kind : { ...kind, verbs: verbsOf(own.source) },
    structural: true,
    generation: true,
    needsResourceVersion: true,
    default: (object) => fillIn(object, kind),
    ...(scale === undefined ? {} : { scale }),
    ...own,
  };
}

/** What a source has a method for. */
function verbsOf<T extends KubernetesObject>({
  create,
  update,
  delete: remove,
  watch,
}: ObjectSource<T>): Verb[] {
  return [
    ...(create === undefined ? [] : (['create'] as const)),
    ...(remove === undefined ? [] : (['delete'] as const)),
    ...(['get', 'list'] as const),
    ...(update === undefined ? [] : (['patch', 'update'] as const)),
    ...(watch === undefined ? [] : (['watch'] as const)),
  ];
}

/** What admission changed gets its defaults, too. */
function fillIn(object: KubernetesObject, { schema }: Kind): void {
  const shaped = structural(object, StructuralSchema.of(schema.root), { keepsNulls: true });
  if (shaped === object) return;
  for (const name of Object.keys(object))
    if (!Object.hasOwn(shaped as object, name)) Reflect.deleteProperty(object, name);
  Object.assign(object, shaped);
}

function scaleByPaths<T extends KubernetesObject>({ scalePaths }: Kind<T>): ScaleRules<T> | undefined {
  if (scalePaths === undefined) return undefined;
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scalePaths;
  const numberAt = (object: T, path: string) => {
    const value = valueAt(object, stepsOf(path)) ?? undefined;
    return value === undefined ? undefined : Number(value);
  };
  return {
    replicas: (object) => numberAt(object, specReplicasPath),
    statusReplicas: (object) => numberAt(object, statusReplicasPath) ?? 0,
    setReplicas: (object, replicas) => setAt(object, stepsOf(specReplicasPath), replicas),
    selector: (object) =>
      labelSelectorPath === undefined ? '' : selectorText(valueAt(object, stepsOf(labelSelectorPath))),
  };
}

/** `.spec.replicas` */
function stepsOf(path: string): string[] {
  return path.split('.').filter((step) => step !== '');
}

function valueAt(object: unknown, steps: readonly string[]): unknown {
  let value = object;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

function setAt(object: object, steps: readonly string[], value: unknown): void {
  const last = steps.at(-1);
  if (last === undefined) return;
  let at = object as Record<string, unknown>;
  for (const step of steps.slice(0, -1)) {
    at[step] ??= {};
    at = at[step] as Record<string, unknown>;
  }
  at[last] = value;
}

/** The selector as a text, or as the text form of a LabelSelector. */
function selectorText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return formatLabelSelector(labelRequirements(value as LabelSelector) ?? []);
}
