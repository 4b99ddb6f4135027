import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { containerRuntimeConformance } from '../conformance.js';
import { SimulatedRuntime } from './simulated-runtime.js';

containerRuntimeConformance(
  'simulated',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kubewright-'));
    return { runtime: new SimulatedRuntime(), directory, cleanUp: () => rm(directory, { recursive: true }) };
  },
  {
    features: {
      podNetwork: false,
      isolation: false,
      memoryLimits: false,
      cpuLimits: false,
      processes: false,
    },
    exit: (runtime, id, code) => (runtime as SimulatedRuntime).exit(id, code),
  },
);

it('waits for a grace by the injected clock', async () => {
  const due: { at: number; callback: () => void }[] = [];
  const clock = {
    now: () => 0,
    schedule: (at: number, callback: () => void) => {
      due.push({ at, callback });
      return () => undefined;
    },
  };
  const runtime = new SimulatedRuntime({ clock, endsOnTerm: () => false });
  const sandboxId = await runtime.runPodSandbox({
    ...{ name: 'a', namespace: 'b', uid: 'c', attempt: 0, logDirectory: '/nowhere' },
  });
  const id = await runtime.createContainer(sandboxId, {
    name: 'm',
    attempt: 0,
    image: 'i',
    logPath: 'm.log',
  });
  await runtime.startContainer(id);
  const stopped = runtime.stopContainer(id, 30);
  await Promise.resolve();
  expect((await runtime.containerStatus(id)).state).toBe('running');
  expect(due.map(({ at }) => at)).toEqual([30_000]);
  due[0]?.callback();
  await stopped;
  expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 137 });
});
