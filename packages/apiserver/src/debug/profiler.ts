import type { HeapProfiler, Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeProfile, type Frame, type Sample } from './pprof-profile.js';

/** Between two looks at what runs, in microseconds. Go's runtime looks a hundred times a second. */
const intervalUs = 10_000;
/** Between two allocations that are noted, in bytes; V8's own default. */
const intervalBytes = 32_768;

/** What of the process can be sampled. */
export type ProfileName = 'profile' | 'heap';

/**
 * Samples this process for a while: what it computes (`profile`), or what it allocates and still holds at the end
 * (`heap`). V8 samples; meanwhile everything goes on, a little slower.
 * @returns a profile for `go tool pprof`
 * @throws the signal's reason
 */
export async function sample(name: ProfileName, ms: number, signal: AbortSignal): Promise<Buffer> {
  const session = new Session();
  session.connect();
  const startedAt = Date.now();
  try {
    if (name === 'heap') {
      await session.post('HeapProfiler.startSampling', { samplingInterval: intervalBytes });
      await delay(ms, undefined, { signal });
      const { profile } = await session.post('HeapProfiler.stopSampling');
      return encodeProfile(heap, heapSamples(profile.head), { startedAt, ms });
    }
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: intervalUs });
    await session.post('Profiler.start');
    await delay(ms, undefined, { signal });
    const { profile } = await session.post('Profiler.stop');
    return encodeProfile(cpu, cpuSamples(profile), { startedAt, ms });
  } finally {
    // Ends the sampling, too, where it goes on.
    session.disconnect();
  }
}

const cpu = {
  values: [
    ['samples', 'count'],
    ['cpu', 'nanoseconds'],
  ],
  period: ['cpu', 'nanoseconds', intervalUs * 1000],
} as const;

const heap = { values: [['inuse_space', 'bytes']], period: ['space', 'bytes', intervalBytes] } as const;

/** No work, and the root of all stacks. */
const noWork: ReadonlySet<string> = new Set(['(idle)', '(root)']);

/** What of a CPU profile of V8 was work, by stack. */
export function cpuSamples({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Sample[] {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const seen = new Map<number, { count: number; us: number }>();
  for (const [at, id] of samples.entries()) {
    const before = seen.get(id) ?? { count: 0, us: 0 };
    seen.set(id, { count: before.count + 1, us: before.us + Math.max(0, timeDeltas[at] ?? 0) });
  }
  return [...seen].flatMap(([id, { count, us }]) => {
    const stack: Frame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = frames.get(at);
      if (frame !== undefined && !noWork.has(frame.functionName)) stack.push(frame);
    }
    return stack.length === 0 ? [] : [{ stack, values: [count, us * 1000] }];
  });
}

/** What is still held, by the stack that it was allocated under. */
export function heapSamples(head: HeapProfiler.SamplingHeapProfileNode): Sample[] {
  const found: Sample[] = [];
  const walk = (node: HeapProfiler.SamplingHeapProfileNode, above: readonly Frame[]): void => {
    const stack = noWork.has(node.callFrame.functionName) ? above : [node.callFrame, ...above];
    if (node.selfSize > 0 && stack.length > 0) found.push({ stack, values: [node.selfSize] });
    for (const child of node.children) walk(child, stack);
  };
  walk(head, []);
  return found;
}
