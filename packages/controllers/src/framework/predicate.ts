import type { KubernetesObject } from '@kubewright/api';
import { sameValue } from './same-value.js';

/** One thing that happened to an object, as a watch tells it. */
export type ObjectEvent<T extends KubernetesObject> =
  | { readonly type: 'added'; readonly object: T; readonly previous?: undefined }
  | { readonly type: 'modified'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T; readonly previous?: undefined };

/** Whether an event is worth a reconcile. */
export type Predicate<T extends KubernetesObject = KubernetesObject> = (event: ObjectEvent<T>) => boolean;

/** Lets through what changed the spec (where the kind counts generations), not what changed the status only. */
export const generationChanged: Predicate = ({ object, previous }) =>
  previous === undefined ||
  object.metadata.generation !== previous.metadata.generation ||
  object.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp;

export const labelsChanged: Predicate = ({ object, previous }) =>
  previous === undefined || !sameValue(object.metadata.labels ?? {}, previous.metadata.labels ?? {});

export const annotationsChanged: Predicate = ({ object, previous }) =>
  previous === undefined ||
  !sameValue(object.metadata.annotations ?? {}, previous.metadata.annotations ?? {});

/** Lets through what any of them does; several predicates of one watch must all let an event through. */
export function anyOf<T extends KubernetesObject>(...predicates: readonly Predicate<T>[]): Predicate<T> {
  return (event) => predicates.some((predicate) => predicate(event));
}
