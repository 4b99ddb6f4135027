import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools/source-files.js';
import { chart } from './chart.js';
import { Child } from './child.js';
import { type Comparison, type Summary, summarise } from './compare.js';
import { podJson } from './pod.js';
import { scratchDirectory } from './scratch.js';

const sizes = [1_000, 10_000, 100_000] as const;
const rounds = 10;
const requestsARound = 8;
/** How much a verb may cost more where there is a hundred times as much. */
const mostGrowth = 1.5;

interface Started {
  readonly readyMs: number;
  readonly verbs: readonly string[];
}

/**
 * What each verb costs beside 1,000, 10,000 and 100,000 pods in LMDB: a comparison of the ends for each verb. The three
 * servers are asked in turn, so that all meet the same machine.
 */
export async function benchCurves(): Promise<Comparison[]> {
  const directories = sizes.map(() => scratchDirectory());
  const children: Child[] = [];
  try {
    const pod = markedPod();
    const started: Started[] = [];
    for (const [i, count] of sizes.entries()) {
      const options = { directory: directories[i]?.path, count, pod };
      const filling = new Child('./curves.child.mjs', { asServer: true });
      children.push(filling);
      await filling.ask({ command: 'fill', ...options });
      const child = new Child('./curves.child.mjs', { asServer: true });
      children[i] = child;
      filling.close();
      started.push(await child.ask<Started>({ command: 'start', ...options }));
    }
    const comparisons: Comparison[] = [];
    for (const verb of started[0]?.verbs ?? []) comparisons.push(await compareVerb(verb, children));
    const readyMs = started.map((each) => each.readyMs);
    return [...comparisons, restart(readyMs)];
  } finally {
    for (const child of children) child.close();
    for (const directory of directories) directory.remove();
  }
}

async function compareVerb(verb: string, children: readonly Child[]): Promise<Comparison> {
  const times: number[][] = sizes.map(() => []);
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, child] of children.entries()) {
      const some = await child.ask<number[]>({ command: 'time', verb, requests: requestsARound });
      if (round > 0) times[i]?.push(...some.map((ms) => ms * 1000));
    }
  }
  const summaries = times.map(summarise);
  const [peer, ours] = [summaries[0], summaries.at(-1)] as [Summary, Summary];
  return {
    ...{ name: `${verb} beside 100,000 pods, against 1,000`, unit: 'µs', limit: `at most ${mostGrowth}` },
    ...{ ours: exact(ours.median), peer: exact(peer.median), ratio: ours.median / peer.median },
    curve: sizes.map((size, i) => [size, summaries[i]?.median ?? 0] as const),
  };
}

function restart(readyMs: readonly number[]): Comparison {
  const most = readyMs.at(-1) ?? 0;
  return {
    ...{ name: 'restart with 100,000 pods in LMDB, from opening the store to the first answer', unit: 'ms' },
    ...{ limit: 'at most 1', ours: exact(most), peer: exact(3_000), ratio: most / 3_000 },
    curve: sizes.map((size, i) => [size, readyMs[i] ?? 0] as const),
  };
}

const exact = (figure: number) => summarise([figure]);

/** A pod with marks for what differs from one to the other. */
function markedPod(): string {
  const pod = JSON.parse(podJson('the-name')) as { metadata: object; spec: object };
  const metadata = { ...pod.metadata, namespace: 'the-namespace' };
  return JSON.stringify({ ...pod, metadata, spec: { ...pod.spec, nodeName: 'the-node' } });
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
}
