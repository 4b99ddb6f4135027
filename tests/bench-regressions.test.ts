import { expect, it } from 'vitest';
import type { Comparison } from '../bench/compare.js';
import { regressionReport } from '../bench/regressions.js';

function comparison(name: string, ratio: number, limit?: string): Comparison {
  const summary = { median: 1, least: 1, most: 1 };
  return { name, unit: 'x', limit, ours: summary, peer: summary, ratio };
}

it('marks what got worse: less of a peer, more of a budget', () => {
  const before = [
    comparison('get', 0.5, 'at least 0.5'),
    comparison('start', 0.4, 'at most 1'),
    comparison('list', 0.7),
  ];
  const after = [
    comparison('get', 0.4, 'at least 0.5'),
    comparison('start', 0.5, 'at most 1'),
    comparison('list', 0.65),
    comparison('made', 1),
  ];
  const { lines, regressions } = regressionReport(before, after);
  expect(lines).toEqual([
    'WORSE: get: 0.50 → 0.40 (-20 %)',
    'WORSE: start: 0.40 → 0.50 (+25 %)',
    'as before: list: 0.70 → 0.65 (-7 %)',
    'new: made: 1.00',
  ]);
  expect(regressions).toBe(2);
});
