import { BrokenInvariant, explore } from '@kubewright/testing';
import { describe, expect, it, vi } from 'vitest';
import { lessons } from './reconcilers.js';

vi.setConfig({ testTimeout: 120_000 });

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
    const { runs, writes } = await explore(corrected, scenario, { randomRuns: 30 });
    expect(writes).toBeGreaterThan(0);
    expect(runs).toBeGreaterThan(40);
  });
});
