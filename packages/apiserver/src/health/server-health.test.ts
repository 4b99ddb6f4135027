import { expect, it } from 'vitest';
import { HealthMetrics } from '../metrics/health-metrics.js';
import { MemoryStorage } from '../storage/memory.js';
import { failureOf } from './health-check.js';
import { ServerHealth } from './server-health.js';
import { StartSteps } from './start-steps.js';

it('a server is not ready while a cache is loaded, and is alive', async () => {
  let loading: string[] = ['pods', 'nodes'];
  const health = new ServerHealth({
    storage: new MemoryStorage(),
    loading: () => loading,
    metrics: new HealthMetrics(),
    checks: [],
  });
  const failures = async (endpoint: 'livez' | 'readyz') => {
    const found = await Promise.all(
      health.checks(endpoint).map(async (check) => [check.name, (await failureOf(check))?.message]),
    );
    return found.filter(([, message]) => message !== undefined);
  };
  expect(await failures('readyz')).toEqual([['informer-sync', '2 informers not started yet: [pods nodes]']]);
  expect(await failures('livez')).toEqual([]);
  loading = [];
  expect(await failures('readyz')).toEqual([]);
  health.stop();
  expect(await failures('readyz')).toEqual([['shutdown', 'process is shutting down']]);
  expect(await failures('livez')).toEqual([]);
});

it('a step is well when it is over, and stays so where it is taken again', async () => {
  const steps = new StartSteps();
  let finish: () => void = () => undefined;
  const first = steps.take('a', () => new Promise<void>((resolve) => (finish = resolve)));
  const [check] = steps.checks;
  expect(check?.name).toBe('poststarthook/a');
  expect(() => check?.check()).toThrow('not finished');
  finish();
  await first;
  expect(() => check?.check()).not.toThrow();
  void steps.take('a', () => new Promise<void>(() => undefined));
  expect(() => check?.check()).not.toThrow();
  expect(steps.checks).toHaveLength(1);
});

it('a step that fails is told to who took it, and is not over', async () => {
  const steps = new StartSteps();
  await expect(steps.take('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(() => steps.checks[0]?.check()).toThrow('not finished');
});
