import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { containerRuntimeConformance } from '../conformance.js';
import { openCgroups, removeCgroups } from './cgroup.js';
import { choosePodRange } from './pod-range.js';
import { openProcessRuntime } from './process-runtime.js';

const root = process.platform === 'linux' && process.geteuid?.() === 0;

/** Limits are tested where this machine has them. */
const cgroups = root ? await openCgroups(`kubewright-test-${process.pid}`) : 'not root';
const limits = {
  memoryLimits: typeof cgroups !== 'string' && cgroups.mounts.memory !== undefined,
  cpuLimits: typeof cgroups !== 'string' && cgroups.mounts.cpu !== undefined,
};
if (typeof cgroups !== 'string') await removeCgroups(cgroups);

const subject = (loopback: boolean) => async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-'));
  const dataDirectory = join(directory, 'data');
  await mkdir(dataDirectory);
  await writeFile(join(dataDirectory, 'secret'), 'of the server');
  const podRange = await choosePodRange(dataDirectory, { loopback });
  const runtime = await openProcessRuntime({ dataDirectory, podRange, loopback });
  const cleanUp = () => rm(directory, { recursive: true });
  return { runtime, directory, secret: join(dataDirectory, 'secret'), cleanUp };
};

if (root) {
  containerRuntimeConformance('process as root', subject(false), {
    features: { podNetwork: true, isolation: true, ...limits, processes: true },
  });
  containerRuntimeConformance('process as root on loopback addresses', subject(true), {
    features: { podNetwork: false, isolation: true, ...limits, processes: true },
  });
} else if (process.platform === 'linux') {
  containerRuntimeConformance('process as an ordinary user', subject(true), {
    features: { podNetwork: false, isolation: true, memoryLimits: false, cpuLimits: false, processes: true },
  });
} else {
  describe('the process runtime', () => {
    it.skip('needs Linux', () => undefined);
  });
}
