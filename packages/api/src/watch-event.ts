import type { Status } from './generated/meta/v1.js';
import type { KubernetesObject } from './kind.js';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/**
 * One event of a watch, as it stands in a line of the stream. A bookmark's object carries nothing but a
 * resourceVersion to resume from (and, once, `k8s.io/initial-events-end`); the object of an error is a Status, and
 * the watch ends with it.
 */
export type WatchEvent<T extends KubernetesObject = KubernetesObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: KubernetesObject }
  | { readonly type: 'ERROR'; readonly object: Status };

/** The annotation of the bookmark that ends the initial events of a streaming list (KEP-3157). */
export const initialEventsEnd = 'k8s.io/initial-events-end';
