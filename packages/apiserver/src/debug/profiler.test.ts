import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeProfile, profileCodec } from './pprof-profile.js';
import { cpuSamples, heapSamples, sample } from './profiler.js';

const frame = (functionName: string, lineNumber = 0) => ({
  ...{ functionName, lineNumber, url: 'file:///a.js', scriptId: '1', columnNumber: 0 },
});

describe('samples', () => {
  it('of a CPU profile are what was work, innermost call first', () => {
    const samples = cpuSamples({
      nodes: [
        { id: 1, callFrame: frame('(root)'), children: [2, 4] },
        { id: 2, callFrame: frame('outer'), children: [3] },
        { id: 3, callFrame: frame('inner') },
        { id: 4, callFrame: frame('(idle)') },
      ],
      startTime: 0,
      endTime: 100,
      samples: [3, 4, 3, 2],
      timeDeltas: [10, 50, 20, 5],
    });
    expect(samples.map(({ stack, values }) => [stack.map((one) => one.functionName), values])).toEqual([
      [
        ['inner', 'outer'],
        [2, 30_000],
      ],
      [['outer'], [1, 5_000]],
    ]);
  });

  it('of the heap are what is held, by where it was allocated', () => {
    const leaf = { id: 3, callFrame: frame('inner'), selfSize: 64, children: [] };
    const outer = { id: 2, callFrame: frame('outer'), selfSize: 0, children: [leaf] };
    const head = { id: 1, callFrame: frame('(root)'), selfSize: 0, children: [outer] };
    const [only, ...others] = heapSamples(head);
    expect(others).toEqual([]);
    expect(only?.stack.map((one) => one.functionName)).toEqual(['inner', 'outer']);
    expect(only?.values).toEqual([64]);
  });
});

describe('a profile', () => {
  it('names each function and each text once', () => {
    const stack = [frame('inner', 4), frame('outer')];
    const kind = { values: [['cpu', 'nanoseconds']], period: ['cpu', 'nanoseconds', 7] } as const;
    const bytes = encodeProfile(
      kind,
      [
        { stack, values: [1] },
        { stack: stack.slice(1), values: [2] },
      ],
      { startedAt: 1_000, ms: 5 },
    );
    expect(profileCodec.decode(gunzipSync(bytes))).toEqual({
      sampleType: [{ type: 1, unit: 2 }],
      sample: [
        { locationId: [1, 2], value: [1] },
        { locationId: [2], value: [2] },
      ],
      location: [
        { id: 1, line: [{ functionId: 1, line: 5 }] },
        { id: 2, line: [{ functionId: 2, line: 1 }] },
      ],
      function: [
        { id: 1, name: 3, filename: 4, startLine: 5 },
        { id: 2, name: 5, filename: 4, startLine: 1 },
      ],
      strings: ['', 'cpu', 'nanoseconds', 'inner', 'file:///a.js', 'outer'],
      timeNanos: 1_000_000_000,
      durationNanos: 5_000_000,
      periodType: { type: 1, unit: 2 },
      period: 7,
    });
  });

  it('shows what this process does', async () => {
    let turns = 0;
    const busy = setInterval(() => burn(), 1);
    function burn(): void {
      const until = performance.now() + 5;
      while (performance.now() < until) turns++;
    }
    try {
      const profile = profileCodec.decode(
        gunzipSync(await sample('profile', 300, new AbortController().signal)),
      );
      expect(turns).toBeGreaterThan(0);
      expect(profile.strings).toContain('burn');
    } finally {
      clearInterval(busy);
    }
  });

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const sampling = sample('heap', 60_000, stop.signal);
    stop.abort(new Error('gone'));
    await expect(sampling).rejects.toThrow();
    expect((await sample('heap', 1, new AbortController().signal)).length).toBeGreaterThan(0);
  });
});
