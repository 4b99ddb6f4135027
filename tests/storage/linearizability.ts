/** What a client did to a register: read it, set it, or set it where it was `from`. */
export type Action =
  | { readonly read: true }
  | { readonly set: string }
  | { readonly swap: { readonly from: string; readonly to: string } };

/** What came of it: the value that was read, whether a swap took place, or `unknown` where the answer was lost. */
export type Outcome = { readonly value: string } | { readonly done: boolean } | 'unknown';

/** One operation of one client, as the client saw it. A register that was never set has the value `''`. */
export interface Operation {
  readonly register: string;
  readonly action: Action;
  /** On one clock for all clients. */
  readonly calledAt: number;
  readonly returnedAt: number;
  readonly outcome: Outcome;
}

/**
 * Looks whether a history could have come from registers that do one operation at a time, each somewhere between its call
 * and its return; one whose outcome is unknown may have happened at any time after its call, or not at all.
 * @returns the registers of which it could not
 */
export function notLinearizable(history: readonly Operation[]): string[] {
  const registers = new Map<string, Operation[]>();
  for (const operation of history)
    registers.set(operation.register, [...(registers.get(operation.register) ?? []), operation]);
  return [...registers].filter(([, operations]) => !isLinearizable(operations)).map(([register]) => register);
}

/** A point of the search: what has been put in order, and the value after it. */
interface Point {
  /** The first of the operations whose outcome is known, in order of their calls, that is not in order yet. */
  readonly first: number;
  /** Those behind `first` that are. */
  readonly ahead: readonly number[];
  /** Those of unknown outcome that have happened. */
  readonly happened: readonly number[];
  readonly value: string;
}

/**
 * The search of Wing and Gong, with Lowe's memory of the points that lead nowhere. What a long history with many lost
 * answers needs besides: a lost write is put in order only where the next operation can't do without it, and a value that
 * was written once is not replaced before all who read it have.
 */
function isLinearizable(operations: readonly Operation[]): boolean {
  const sorted = operations.toSorted((a, b) => a.calledAt - b.calledAt);
  const known = sorted.filter(({ outcome }) => outcome !== 'unknown');
  const lost = sorted.filter(({ outcome }) => outcome === 'unknown');
  const observers = observersOf(sorted, known);
  const seen = new Set<string>();
  const open: Point[] = [{ first: 0, ahead: [], happened: [], value: '' }];
  const visit = (next: Point, before: string) => {
    if (next.value !== before && observers.get(before)?.some((index) => !isInOrder(next, index))) return;
    const key = `${next.first}|${next.ahead}|${next.happened}|${next.value}`;
    if (seen.has(key)) return;
    seen.add(key);
    open.push(next);
  };
  for (let point = open.pop(); point !== undefined; point = open.pop()) {
    if (point.first === known.length) return true;
    const { value, happened } = point;
    const { indices, earliestReturn } = candidates(known, point);
    const waiting = indices.map((index) => known[index] as Operation);
    // Looked at last: mostly nobody needs them.
    for (const [index, operation] of lost.entries()) {
      if (operation.calledAt > earliestReturn) break;
      const made = valueAfter(operation, value);
      if (made === undefined || made === value || happened.includes(index)) continue;
      if (!waiting.some((other) => observed(other) === made || failsOn(other, value))) continue;
      visit({ ...point, happened: [...happened, index].sort((a, b) => a - b), value: made }, value);
    }
    for (const index of indices) {
      const made = valueAfter(known[index] as Operation, value);
      if (made !== undefined) visit(advance(point, index, made), value);
    }
  }
  return false;
}

/** What may come next: what was called after another had returned can't come before it. */
function candidates(known: readonly Operation[], point: Point) {
  const indices: number[] = [];
  let earliestReturn = Number.POSITIVE_INFINITY;
  for (let index = point.first; index < known.length; index++) {
    const { calledAt, returnedAt } = known[index] as Operation;
    if (calledAt > earliestReturn) break;
    if (point.ahead.includes(index)) continue;
    indices.push(index);
    earliestReturn = Math.min(earliestReturn, returnedAt);
  }
  return { indices, earliestReturn };
}

/** Who saw each value that was written once. */
function observersOf(all: readonly Operation[], known: readonly Operation[]): Map<string, number[]> {
  const writers = new Map([['', 1]]);
  for (const { action } of all) {
    if ('read' in action) continue;
    const value = 'set' in action ? action.set : action.swap.to;
    writers.set(value, (writers.get(value) ?? 0) + 1);
  }
  const observers = new Map<string, number[]>();
  for (const [index, operation] of known.entries()) {
    const value = observed(operation);
    if (value === undefined || writers.get(value) !== 1) continue;
    observers.set(value, [...(observers.get(value) ?? []), index]);
  }
  return observers;
}

/** The value that the register must have had. */
function observed({ action, outcome }: Operation): string | undefined {
  if (outcome === 'unknown') return undefined;
  if ('value' in outcome) return outcome.value;
  return 'swap' in action && outcome.done ? action.swap.from : undefined;
}

/** Whether it could not have come out as it did while the register had a value. */
function failsOn({ action, outcome }: Operation, value: string): boolean {
  return 'swap' in action && outcome !== 'unknown' && 'done' in outcome && !outcome.done
    ? action.swap.from === value
    : false;
}

function isInOrder({ first, ahead }: Point, index: number): boolean {
  return index < first || ahead.includes(index);
}

function advance({ first, ahead, happened }: Point, index: number, value: string): Point {
  const taken = new Set([...ahead, index]);
  let next = first;
  while (taken.delete(next)) next++;
  return { first: next, ahead: [...taken].sort((a, b) => a - b), happened, value };
}

/** What the register has after an operation that found a value; undefined where it can't have come out so. */
function valueAfter(operation: Operation, value: string): string | undefined {
  const { action, outcome } = operation;
  if ('read' in action) return outcome === 'unknown' || observed(operation) === value ? value : undefined;
  if ('set' in action) return action.set;
  const swaps = action.swap.from === value;
  if (outcome !== 'unknown' && (!('done' in outcome) || outcome.done !== swaps)) return undefined;
  return swaps ? action.swap.to : value;
}
