import { BrokenInvariant, type ExploreOptions, explore } from '@kubewright/testing';
import { describe, expect, it, vi } from 'vitest';
import { isSoak, testTimeout } from './explored.js';
import { lessons } from './reconcilers.js';

vi.setConfig({ testTimeout });

/** Less than what finds the bugs, and more than each of these needed. */
const budget: ExploreOptions = isSoak ? {} : { singleRuns: 40, randomRuns: 10 };

describe.each(lessons)('where $bug', ({ scenario, broken, corrected }) => {
  it('exploration finds a short run that shows it, which can be seen again', async () => {
    const fault = await explore(broken, scenario).catch((error: unknown) => error);
    if (!(fault instanceof BrokenInvariant)) throw new Error('nothing was found', { cause: fault });
    expect(fault.plan).toHaveLength(1);
    expect(Object.keys(scenario.finally ?? {})).toContain(fault.check);
    const again = explore(broken, scenario, { replay: { seed: fault.seed, plan: fault.plan } });
    await expect(again).rejects.toThrow(fault.message);
    if (process.env.SHOW_TRACES) process.stdout.write(`${fault.message}\n\n`);
  });

  it('nothing is found in what was corrected', async () => {
    const { runs, writes } = await explore(corrected, scenario, budget);
    expect(writes).toBeGreaterThan(0);
    expect(runs).toBeGreaterThan(20);
  });
});
