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
  /** The first of the operations, in order of their calls, that is not in order yet. */
  readonly first: number;
  /** Those behind `first` that are. */
  readonly ahead: readonly number[];
  readonly value: string;
}

/** The search of Wing and Gong, with Lowe's memory of the points that lead nowhere. */
function isLinearizable(operations: readonly Operation[]): boolean {
  const sorted = operations.toSorted((a, b) => a.calledAt - b.calledAt);
  const seen = new Set<string>();
  const open: Point[] = [{ first: 0, ahead: [], value: '' }];
  for (let point = open.pop(); point !== undefined; point = open.pop()) {
    const rest = remaining(sorted, point);
    if (rest.every((index) => sorted[index]?.outcome === 'unknown')) return true;
    const earliestReturn = Math.min(...rest.map((index) => endOf(sorted[index] as Operation)));
    for (const index of rest) {
      const operation = sorted[index] as Operation;
      // What was called after another had returned can't come before it.
      if (operation.calledAt > earliestReturn) break;
      for (const value of valuesAfter(operation, point.value)) {
        const next = advance(point, index, value);
        const key = `${next.first}|${next.ahead.join()}|${value}`;
        if (seen.has(key)) continue;
        seen.add(key);
        open.push(next);
      }
    }
  }
  return false;
}

function remaining(sorted: readonly Operation[], { first, ahead }: Point): number[] {
  const taken = new Set(ahead);
  const rest: number[] = [];
  for (let index = first; index < sorted.length; index++) if (!taken.has(index)) rest.push(index);
  return rest;
}

function advance({ first, ahead }: Point, index: number, value: string): Point {
  const taken = new Set([...ahead, index]);
  let next = first;
  while (taken.delete(next)) next++;
  return { first: next, ahead: [...taken].sort((a, b) => a - b), value };
}

function endOf({ outcome, returnedAt }: Operation): number {
  return outcome === 'unknown' ? Number.POSITIVE_INFINITY : returnedAt;
}

/** What the register may have after an operation that found a value; empty where the outcome can't be. */
function valuesAfter({ action, outcome }: Operation, value: string): string[] {
  if ('read' in action)
    return outcome === 'unknown' || ('value' in outcome && outcome.value === value) ? [value] : [];
  if ('set' in action) return [action.set];
  const swaps = action.swap.from === value;
  if (outcome !== 'unknown' && (!('done' in outcome) || outcome.done !== swaps)) return [];
  return [swaps ? action.swap.to : value];
}
