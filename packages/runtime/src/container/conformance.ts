import { afterAll, beforeAll, describe } from 'vitest';
import { testIsolation } from './conformance/isolation.js';
import { testLifeCycle } from './conformance/life-cycle.js';
import { testMemoryLimits } from './conformance/memory-limits.js';
import { testNetworking } from './conformance/networking.js';
import { testPodNetwork } from './conformance/pod-network.js';
import { testProcesses } from './conformance/processes.js';
import {
  type ConformanceOptions,
  type ConformanceSubject,
  RuntimeUnderTest,
} from './conformance/runtime-under-test.js';
import { testSessions } from './conformance/sessions.js';

export type { ConformanceOptions, ConformanceSubject } from './conformance/runtime-under-test.js';

/** What every container runtime must do; a third party can run it on his own. What is not claimed is not tested. */
export function containerRuntimeConformance(
  name: string,
  open: () => Promise<ConformanceSubject>,
  options: ConformanceOptions,
): void {
  describe(`${name}: the container runtime contract`, () => {
    const subject = new RuntimeUnderTest(options);
    const { processes, podNetwork, isolation, memoryLimits } = options.features;
    beforeAll(() => subject.open(open));
    afterAll(() => subject.close());

    testLifeCycle(subject);
    if (processes) {
      describe('with real processes', () => {
        testProcesses(subject);
        testSessions(subject);
        testNetworking(subject);
      });
    }
    if (podNetwork) describe('with a network of each pod', () => testPodNetwork(subject));
    if (isolation) describe('with isolation', () => testIsolation(subject));
    if (memoryLimits) describe('with memory limits', () => testMemoryLimits(subject));
  });
}
