import type { CelType } from '../types.js';
import type { Work } from './equality.js';

/** A value that JSON has no form for: of another type than a plain JSON value, or a list or map that is seen through a schema. */
export abstract class CelValue {
  abstract get type(): CelType;
  abstract equals(other: unknown, work?: Work): boolean;
}
