import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools/source-files.js';
import { chart } from './chart.js';
import { Child } from './child.js';
import { type Comparison, summarise } from './compare.js';
import { podTemplate } from './pod.js';
import { scratchDirectory } from './scratch.js';

const sizes = [1_000, 10_000, 100_000] as const;
const rounds = 60;
/** How much a verb may cost more where there is a hundred times as much. */
const mostGrowth = 1.5;

interface Measured {
  readonly openMs: number;
  readonly readyMs: number;
  readonly medians: Readonly<Record<string, number>>;
}

/** What each verb costs beside 1,000, 10,000 and 100,000 pods in LMDB: a comparison of the ends for each verb. */
export async function benchCurves(): Promise<Comparison[]> {
  const measured: Measured[] = [];
  for (const count of sizes) measured.push(await measureAt(count));
  const [least, most] = [measured[0], measured.at(-1)] as [Measured, Measured];
  const exact = (figure: number) => summarise([figure]);
  const verbs = Object.keys(least.medians).map((verb): Comparison => {
    const [ours, peer] = [most.medians[verb] ?? 0, least.medians[verb] ?? 0];
    return {
      ...{ name: `${verb} beside 100,000 pods, against 1,000`, unit: 'µs', limit: `at most ${mostGrowth}` },
      ...{ ours: exact(ours), peer: exact(peer), ratio: ours / peer },
      curve: sizes.map((size, i) => [size, measured[i]?.medians[verb] ?? 0] as const),
    };
  });
  const ready: Comparison = {
    ...{ name: 'restart with 100,000 pods in LMDB, from opening the store to the first answer', unit: 'ms' },
    ...{ limit: 'at most 1', ours: exact(most.readyMs), peer: exact(3_000), ratio: most.readyMs / 3_000 },
    curve: sizes.map((size, i) => [size, measured[i]?.readyMs ?? 0] as const),
  };
  return [...verbs, ready];
}

async function measureAt(count: number): Promise<Measured> {
  const directory = scratchDirectory();
  const options = { directory: directory.path, count, template: podTemplate(), rounds };
  const run = async <T>(command: string) => {
    const child = new Child('./curves.child.mjs', { asServer: true });
    try {
      return await child.ask<T>({ ...options, command });
    } finally {
      child.close();
    }
  };
  try {
    await run('fill');
    return await run<Measured>('measure');
  } finally {
    directory.remove();
  }
}

/** Draws what was measured at several sizes into docs/charts. */
export function drawCurves(comparisons: readonly Comparison[]): void {
  const curves = comparisons.flatMap(({ name, unit, curve }) =>
    curve === undefined ? [] : [{ name: name.replace(/(?: beside|,? from).*/, ''), unit, points: curve }],
  );
  const verbs = curves.filter(({ unit }) => unit === 'µs');
  if (verbs.length === 0) return;
  const write = (file: string, text: string) => writeFileSync(join(root, 'docs/charts', file), text);
  write('verbs.svg', chart('Median time of one request, µs, by pods in the store', verbs));
  const starts = curves.filter(({ unit }) => unit === 'ms');
  write('start.svg', chart('From opening the store to the first answer, ms, by pods in the store', starts));
}
