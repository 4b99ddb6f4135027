import type { CelType } from '../types.js';
import type { Value } from '../values/value.js';

/** A type out of a schema: what the checker, the cost estimate and the evaluation need to know of the values. */
export interface DeclaredType {
  readonly type: CelType;
  /** Characters, elements or entries at most. */
  readonly maxElements: number;
  /** Bytes of the smallest JSON of it. */
  readonly minSerializedSize: number;
  /** Of a list's elements or a map's values. */
  readonly element?: DeclaredType;
  /** What `map.key` is, where its size is known whatever the key. */
  readonly members?: DeclaredType;
  /** Of a map's keys. */
  readonly key?: DeclaredType;
  /** How JSON becomes a value; undefined where the JSON itself is the value. @throws EvaluationError */
  readonly fromJson: ((json: unknown) => Value) | undefined;
}
