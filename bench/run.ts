/**
 * `npm run bench`: every comparison, printed and kept in `bench/results.json`. `npm run bench -- get` runs those whose
 * name has the word; `--write` puts the figures into docs/performance.md, too;
 * `--compare REV` runs the same as of another commit, says what got worse, and ends with status 1 if anything did.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '../tools/source-files.js';
import { benchWebhookCheck } from './admission.js';
import { isCommit, resultsAt } from './at-revision.js';
import { benchCelRule, benchPolicy } from './cel.js';
import { benchImportMemory, benchImportTime, benchInformerMemory } from './client.js';
import { benchCompaction } from './compaction.js';
import { type Comparison, comparisonLine } from './compare.js';
import { benchCreate, benchManyCreates } from './create.js';
import { benchCurves, drawCurves } from './curves.js';
import {
  benchCustomCreate,
  benchDefinitionMemory,
  benchDefinitions,
  benchLargeDefinitionMemory,
} from './custom-resources.js';
import { benchEtcdCreate } from './etcd.js';
import { benchFailover } from './failover.js';
import { benchFairness } from './fairness.js';
import { benchFork, benchManyTestServers, benchReconciles } from './framework.js';
import { benchGet } from './get.js';
import { benchCacheMemory } from './memory.js';
import { benchMillion } from './million.js';
import { benchApplyChanged, benchApplyUnchanged, benchStrategicMerge } from './patches.js';
import { benchRbac } from './rbac.js';
import {
  benchFieldSelection,
  benchGetBesideLists,
  benchList,
  benchLongList,
  benchNamespace,
  benchWatch,
} from './reads.js';
import { regressionReport } from './regressions.js';
import { benchPodRules } from './rules.js';
import { benchTestServer, benchUp } from './start.js';

const all = {
  get: benchGet,
  create: benchCreate,
  'create-256': benchManyCreates,
  'custom-definitions': benchDefinitions,
  'custom-memory': benchDefinitionMemory,
  'custom-large': benchLargeDefinitionMemory,
  'custom-create': benchCustomCreate,
  rules: benchPodRules,
  rbac: benchRbac,
  webhooks: benchWebhookCheck,
  'cel-rule': benchCelRule,
  'cel-policy': benchPolicy,
  'etcd-create': benchEtcdCreate,
  compaction: benchCompaction,
  million: benchMillion,
  failover: benchFailover,
  curves: benchCurves,
  applyUnchanged: benchApplyUnchanged,
  applyChanged: benchApplyChanged,
  strategicMerge: benchStrategicMerge,
  list: benchList,
  namespace: benchNamespace,
  selection: benchFieldSelection,
  watch: benchWatch,
  beside: benchGetBesideLists,
  long: benchLongList,
  fairness: benchFairness,
  memory: benchCacheMemory,
  server: benchTestServer,
  'test-servers': benchManyTestServers,
  fork: benchFork,
  reconciles: benchReconciles,
  up: benchUp,
  'import-time': benchImportTime,
  'import-memory': benchImportMemory,
  informer: benchInformerMemory,
};

const args = process.argv.slice(2);
const compareAt = args.indexOf('--compare');
const [, revision] = compareAt < 0 ? [] : args.splice(compareAt, 2);
const words = args.filter((word) => !word.startsWith('--'));
const chosen = Object.entries(all).filter(
  ([name]) => words.length === 0 || words.some((word) => name.includes(word)),
);
// Before anything is measured, which takes minutes.
if (chosen.length === 0)
  refuse(`no bench is called ${words.join(' or ')}; there are ${Object.keys(all).join(', ')}`);
if (compareAt >= 0 && !isCommit(revision ?? ''))
  refuse(`--compare ${revision ?? ''}: names no commit; try main, or HEAD~1`);
const results: Comparison[] = [];
for (const [, bench] of chosen) {
  for (const result of [await bench()].flat()) {
    console.log([comparisonLine(result), ...(result.notes ?? [])].join('\n  '));
    results.push(result);
  }
}
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
writeFileSync(
  join(root, 'bench/results.json'),
  `${JSON.stringify({ at: new Date().toISOString(), machine, results }, null, 2)}\n`,
);
if (process.argv.includes('--write')) {
  writePage(results);
  drawCurves(results);
}
let regressions = 0;
if (revision !== undefined) {
  const report = regressionReport(resultsAt(revision, words), results);
  console.log([`Compared with ${revision}:`, ...report.lines].join('\n'));
  regressions = report.regressions;
}
process.exit(regressions > 0 ? 1 : 0);

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}

function writePage(comparisons: readonly Comparison[]): void {
  const file = join(root, 'docs/performance.md');
  const rows = comparisons.map(({ name, unit, ours, peer, ratio, limit }) => {
    const figure = (value: number) => Math.round(value).toLocaleString('en');
    const spread = ours.least === ours.most ? '' : ` (${figure(ours.least)} to ${figure(ours.most)})`;
    return `| ${name} | ${figure(ours.median)} ${unit}${spread} | ${figure(peer.median)} | ${ratio.toFixed(2)} | ${limit ?? ''} |`;
  });
  const page = readFileSync(file, 'utf8');
  // What was not measured now keeps its row.
  const measured = new Set(comparisons.map(({ name }) => name));
  const others = [...page.matchAll(/^\| (.+?) \| .*$/gm)]
    .filter(([, name = '']) => name !== 'what' && !measured.has(name))
    .map(([row]) => row);
  const table = [
    `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine}.`,
    '',
    '| what | ours: median and spread | peer or budget | ratio | aim |',
    '|---|---|---|---|---|',
    ...others,
    ...rows,
  ].join('\n');
  writeFileSync(
    file,
    page.replace(/<!-- figures -->[\s\S]*?<!-- end -->/, `<!-- figures -->\n${table}\n<!-- end -->`),
  );
}
