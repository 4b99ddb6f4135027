import { type CelType, DYN, listOf } from '../types.js';
import { CelValue } from './cel-value.js';
import { equalLists, type Work } from './equality.js';
import { EvaluationStopped } from './evaluation-error.js';
import type { Value } from './value.js';

const anyList = listOf(DYN);

/** A list that is not an array of values itself: one whose elements become values when they are looked at. */
export abstract class ListValue extends CelValue {
  abstract readonly length: number;
  /** As of an array: undefined past its end. */
  abstract at(index: number): Value | undefined;

  get type(): CelType {
    return anyList;
  }

  equals(other: unknown, work?: Work): boolean {
    return isList(other) && equalLists(this, other, work);
  }

  /** Elements that `+` looks at. */
  get joinCost(): number {
    return 0;
  }

  /** What `+` makes of this list and another; the list type of a schema decides. */
  concat(other: List): List {
    return new JoinedList(this, other);
  }
}

/** More elements than any budget allows to look at. */
const longestList = 5_000_000;

/** Two lists one behind the other: joining costs the same whatever their lengths. */
class JoinedList extends ListValue {
  readonly length: number;
  readonly #first: List;
  readonly #second: List;

  constructor(first: List, second: List) {
    super();
    this.length = first.length + second.length;
    if (this.length > longestList)
      throw new EvaluationStopped('operation cancelled: a list has too many elements');
    this.#first = first;
    this.#second = second;
  }

  at(index: number): Value | undefined {
    const { length } = this.#first;
    return index < length ? this.#first.at(index) : this.#second.at(index - length);
  }
}

/** What `+` makes of two lists. */
export function joinLists(a: List, b: List): List {
  if (a instanceof ListValue) return a.concat(b);
  return b.length === 0 ? a : new JoinedList(a, b);
}

export type List = readonly Value[] | ListValue;

export function isList(value: unknown): value is List {
  return Array.isArray(value) || value instanceof ListValue;
}

/** All elements, as values. */
export function elements(list: List): readonly Value[] {
  if (!(list instanceof ListValue)) return list;
  const all: Value[] = [];
  for (let index = 0; index < list.length; index++) all.push(list.at(index)!);
  return all;
}
