import { createListCost } from '../cost/factors.js';
import { displayKey } from '../functions/display.js';
import { EvaluationError, noSuchOverload } from '../values/evaluation-error.js';
import { isList } from '../values/list-value.js';
import { CreatedMap, isMap, mapGet, mapKeys, mapSize } from '../values/map-value.js';
import type { Value } from '../values/value.js';
import type { Evaluate, Evaluation } from './evaluation.js';
import { asBoolean } from './logic.js';

/** A macro over a range, its parts planned. */
export interface PlannedMacro {
  readonly range: Evaluate;
  /** Where the variables stand. */
  readonly slot: number;
  readonly slot2: number | undefined;
  readonly filter: Evaluate | undefined;
  readonly body: Evaluate;
}

/** Told for each element, its variables set; says whether to go on. */
type Step = (evaluation: Evaluation) => boolean;

/*
 * The costs of each round are those of the fold that the macro stands for: reading the accumulator 1, a call 1, a list
 * of one element 10; of the ternary's branch that is the accumulator alone, nothing.
 */
const allCost = { round: 3, stop: 2 };
const existsCost = { round: 4, stop: 3 };
const countCost = 2;
const addCost = 2 + createListCost;
const insertCost = 2;
const resultCost = 1;

export function planAll({ body, ...macro }: PlannedMacro): Evaluate {
  return planQuantifier({ body, ...macro }, false, allCost);
}

export function planExists({ body, ...macro }: PlannedMacro): Evaluate {
  return planQuantifier({ body, ...macro }, true, existsCost);
}

/** The condition is looked at once more where it ends the fold before its last round. */
interface QuantifierCost {
  readonly round: number;
  readonly stop: number;
}

/** `all` (decided by false) and `exists` (by true): errors do not matter when another element decides. */
function planQuantifier(macro: PlannedMacro, deciding: boolean, cost: QuantifierCost): Evaluate {
  const { body } = macro;
  return (evaluation) => {
    let error: EvaluationError | undefined;
    let decided = false;
    const stopped = fold(macro, evaluation, (round) => {
      round.charge(cost.round);
      try {
        const value = body(round);
        decided = value === deciding;
        if (typeof value !== 'boolean') error ??= noSuchOverload();
      } catch (caught) {
        if (!(caught instanceof EvaluationError)) throw caught;
        error ??= caught;
      }
      return !decided;
    });
    evaluation.charge(stopped ? cost.stop + resultCost : resultCost);
    if (decided) return deciding;
    if (error !== undefined) throw error;
    return !deciding;
  };
}

export function planExistsOne(macro: PlannedMacro): Evaluate {
  const { body } = macro;
  return (evaluation) => {
    let count = 0;
    fold(macro, evaluation, (round) => {
      if (asBoolean(body(round))) {
        round.charge(countCost);
        count++;
      }
      return true;
    });
    evaluation.charge(resultCost + 1);
    return count === 1;
  };
}

/** `map`, `filter`, `transformList`. */
export function planList(macro: PlannedMacro): Evaluate {
  const { filter, body } = macro;
  return (evaluation) => {
    const list: Value[] = [];
    fold(macro, evaluation, (round) => {
      if (filter === undefined || asBoolean(filter(round))) {
        round.charge(addCost);
        list.push(body(round));
      }
      return true;
    });
    evaluation.charge(resultCost);
    return list;
  };
}

/** `transformMap`: the key stays, `transformMapEntry`: the body is the entry. */
export function planMap(macro: PlannedMacro, wholeEntry: boolean): Evaluate {
  const { filter, body, slot } = macro;
  return (evaluation) => {
    const map = new CreatedMap();
    fold(macro, evaluation, (round) => {
      if (filter !== undefined && !asBoolean(filter(round))) return true;
      round.charge(insertCost);
      const value = body(round);
      if (!wholeEntry) {
        round.charge(1);
        insert(map, round.slots[slot]!, value);
      } else if (isMap(value)) for (const key of mapKeys(value)) insert(map, key, mapGet(value, key)!);
      else throw noSuchOverload();
      return true;
    });
    evaluation.charge(resultCost);
    return map;
  };
}

function insert(map: CreatedMap, key: Value, value: Value): void {
  if (!map.add(key, value)) throw new EvaluationError(`insert failed: key ${displayKey(key)} already exists`);
}

/** `optMap` and `sortBy` name a value for their body. */
export function planBind(slot: number, value: Evaluate, body: Evaluate): Evaluate {
  return (evaluation) => {
    const { slots } = evaluation;
    const outer = slots[slot];
    slots[slot] = value(evaluation);
    try {
      return body(evaluation);
    } finally {
      slots[slot] = outer;
    }
  };
}

/** @returns whether it ended with elements left */
function fold({ range, slot, slot2 }: PlannedMacro, evaluation: Evaluation, step: Step): boolean {
  const over = range(evaluation);
  const { slots } = evaluation;
  if (isList(over)) {
    for (let index = 0; index < over.length; index++) {
      const element = over.at(index)!;
      if (slot2 === undefined) slots[slot] = element;
      else {
        slots[slot] = index;
        slots[slot2] = element;
      }
      if (!step(evaluation)) return index + 1 < over.length;
    }
  } else if (isMap(over)) {
    let left = mapSize(over);
    for (const key of mapKeys(over)) {
      left--;
      slots[slot] = key;
      if (slot2 !== undefined) slots[slot2] = mapGet(over, key)!;
      if (!step(evaluation)) return left > 0;
    }
  } else throw noSuchOverload();
  return false;
}
