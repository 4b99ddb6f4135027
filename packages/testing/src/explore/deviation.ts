/**
 * One way in which a run differs from the plain one, in which nothing breaks and all goes in order. Writes of the
 * controller and actions of the run are counted from 1.
 */
export type Deviation =
  /** The process ends right after the write has happened, before it is told. 0: before any. */
  | { readonly type: 'crash'; readonly afterWrite: number; readonly restart: CrashRestart }
  /** Another process takes over before the write, and the old leader does not know. */
  | { readonly type: 'overlap'; readonly atWrite: number; readonly oldLeader: OldLeader }
  /** The write happens, and its answer is lost. */
  | { readonly type: 'lost answer'; readonly atWrite: number }
  /** The write is refused with this status. */
  | { readonly type: 'refused'; readonly atWrite: number; readonly code: 409 | 429 | 500 }
  /** After the write the caches hear nothing of these objects until nothing else is left to do. */
  | { readonly type: 'stale'; readonly afterWrite: number; readonly plural: string }
  /** After the write all watches break off and their revision is gone, so that caches list anew. */
  | { readonly type: 'relist'; readonly afterWrite: number }
  /** The next step of the scenario comes right after the write, not when the controller is at rest. */
  | { readonly type: 'early step'; readonly afterWrite: number }
  /** Of what could happen next, this action is not the first but a later one. */
  | { readonly type: 'reorder'; readonly atAction: number; readonly pick: number };

/** When another process takes over from one that crashed. */
export type CrashRestart = 'at once' | 'after the next step';

/**
 * What a leader does that is one no more. `wakes late`: it stalls while the new one works, and when it wakes all that
 * it had in hand arrives, before it finds its lease over. `works on`: its clock is behind, so that both lead at the same
 * time, until it has written a few times more.
 */
export type OldLeader = 'wakes late' | 'works on';

/** What the plain run showed: where it may be made to deviate. */
export interface RunShape {
  readonly writes: number;
  readonly actions: number;
  /** The resources that the controller watches. */
  readonly watched: readonly string[];
  readonly steps: number;
}

/** For people. */
export function describeDeviation(deviation: Deviation): string {
  switch (deviation.type) {
    case 'crash':
      return `the controller crashes right after write ${deviation.afterWrite}, and starts again ${deviation.restart}`;
    case 'overlap':
      return deviation.oldLeader === 'wakes late'
        ? `the leader stalls before write ${deviation.atWrite}, a new one takes over, then what it had in hand arrives`
        : `from write ${deviation.atWrite} on a new leader works beside the old one`;
    case 'lost answer':
      return `the answer to write ${deviation.atWrite} is lost`;
    case 'refused':
      return `write ${deviation.atWrite} is refused with ${deviation.code}`;
    case 'stale':
      return `after write ${deviation.afterWrite} the cache of ${deviation.plural} is stale`;
    case 'relist':
      return `after write ${deviation.afterWrite} the watches break off, and caches list anew`;
    case 'early step':
      return `the next step comes right after write ${deviation.afterWrite}`;
    case 'reorder':
      return `action ${deviation.atAction} comes out of order`;
  }
}

/** Every single deviation, at every write. */
export function singleDeviations({ writes, watched, steps }: RunShape): Deviation[] {
  const restarts: readonly CrashRestart[] = steps > 0 ? ['at once', 'after the next step'] : ['at once'];
  const all: Deviation[] = restarts.map((restart) => ({ type: 'crash', afterWrite: 0, restart }));
  for (let write = 1; write <= writes; write++) {
    for (const restart of restarts) all.push({ type: 'crash', afterWrite: write, restart });
    for (const oldLeader of ['wakes late', 'works on'] as const)
      all.push({ type: 'overlap', atWrite: write, oldLeader });
    all.push({ type: 'lost answer', atWrite: write });
    for (const code of [409, 429, 500] as const) all.push({ type: 'refused', atWrite: write, code });
    for (const plural of watched) all.push({ type: 'stale', afterWrite: write, plural });
    all.push({ type: 'relist', afterWrite: write });
    if (steps > 1) all.push({ type: 'early step', afterWrite: write });
  }
  return all;
}

/** So many of them, spread evenly; all where there are no more. */
export function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, index) => all[Math.floor((index * all.length) / most)] as T);
}

/** Several at once, by chance. */
export function randomDeviations(shape: RunShape, random: () => number): Deviation[] {
  const upTo = (most: number) => Math.floor(random() * most);
  const singles = singleDeviations(shape);
  const plan: Deviation[] = [];
  for (let count = 1 + upTo(3); count > 0; count--) {
    const chosen = singles[upTo(singles.length)];
    if (chosen !== undefined) plan.push(chosen);
  }
  for (let count = upTo(12); count > 0; count--)
    plan.push({ type: 'reorder', atAction: 1 + upTo(shape.actions), pick: 1 + upTo(3) });
  return plan;
}
