import { describe, expect, it } from 'vitest';
import { fencepostsOf } from './fenceposts.js';
import { scaleProportionally } from './proportional-scaling.js';
import { replicaSet, rolling } from './replica-set.test.fixture.js';
import { scaleDown, scaleUp } from './rolling-update.js';

describe('the limits of a rolling update', () => {
  it.each([
    [10, '25%', '25%', 3, 2],
    [4, '25%', '25%', 1, 1],
    [1, '25%', '25%', 1, 0],
    [3, 0, '25%', 0, 1],
    [10, 0, 0, 0, 1],
    [10, 3, 2, 3, 2],
    [2, '50%', '100%', 1, 2],
    [0, '25%', '25%', 0, 1],
  ])(
    'of %i pods with surge %s and unavailable %s are %i and %i',
    (replicas, surge, unavailable, more, fewer) => {
      expect(fencepostsOf(rolling(replicas, surge, unavailable))).toEqual({
        maxSurge: more,
        maxUnavailable: fewer,
      });
    },
  );

  it('do not exist for Recreate', () => {
    const deployment = rolling(10, 1, 1);
    const recreate = { ...deployment, spec: { ...deployment.spec!, strategy: { type: 'Recreate' } } };
    expect(fencepostsOf(recreate)).toEqual({ maxSurge: 0, maxUnavailable: 0 });
  });
});

describe('the new ReplicaSet', () => {
  it.each([
    // wanted, surge, old, new, then
    [10, 0, 10, 0, undefined],
    [10, 2, 10, 0, 2],
    [10, 2, 5, 0, 7],
    [10, 0, 5, 0, 5],
    [10, 2, 0, 2, 10],
    [3, 1, 3, 1, undefined],
    [3, 1, 2, 1, 2],
    [5, 1, 0, 8, 5],
  ])('of %i with surge %i, besides %i old and with %i, becomes %s', (wanted, surge, old, current, then) => {
    const step = scaleUp(rolling(wanted, surge, 1), replicaSet('new', current), [replicaSet('old', old)]);
    expect(step?.replicas).toBe(then);
  });
});

describe('the old ReplicaSet', () => {
  it.each([
    // wanted, unavailable, old, available, new, available, then
    [10, 0, 10, 10, 0, 0, undefined],
    [10, 2, 10, 10, 0, 0, 8],
    [10, 2, 10, 8, 0, 0, 8],
    [10, 2, 10, 10, 2, 0, 8],
    [10, 2, 10, 8, 2, 0, 8],
    [10, 0, 10, 10, 2, 2, 8],
    [3, 0, 3, 3, 1, 0, undefined],
    [3, 0, 3, 3, 1, 1, 2],
    [3, 1, 3, 0, 1, 0, 2],
    [3, 1, 3, 0, 3, 3, 0],
  ])(
    'of %i of which %i may be missing: %i old (%i available) and %i new (%i available) leave %s',
    (wanted, unavailable, old, oldAvailable, current, newAvailable, then) => {
      const [step] = scaleDown(
        rolling(wanted, 1, unavailable),
        replicaSet('new', current, { available: newAvailable }),
        [replicaSet('old', old, { available: oldAvailable })],
      );
      expect(step?.replicas).toBe(then);
    },
  );

  it('gives up pods that are not available first, the oldest ReplicaSet before the others', () => {
    const old = [replicaSet('a', 4, { available: 2, age: 0 }), replicaSet('b', 4, { available: 4, age: 1 })];
    const steps = scaleDown(rolling(8, 1, 2), replicaSet('new', 0), old);
    // Two of a are not available; of the six that are none may go.
    expect(steps.map(({ replicaSet: { metadata }, replicas }) => [metadata.name, replicas])).toEqual([
      ['a', 2],
    ]);
  });
});

describe('proportional scaling', () => {
  const sizes = (wanted: number, surge: number, ...all: readonly (readonly [number, number])[]) => {
    const deployment = rolling(wanted, surge, 0);
    const [current, ...old] = all.map(([size, max], index) =>
      replicaSet(`rs${index}`, size, { max, age: all.length - index }),
    );
    return Object.fromEntries(
      scaleProportionally(deployment, { current, old }).map(({ replicaSet: { metadata }, replicas }) => [
        metadata.name,
        replicas,
      ]),
    );
  };

  it('gives everything to a ReplicaSet that is alone', () => {
    expect(sizes(12, 0, [10, 10])).toEqual({ rs0: 12 });
    expect(sizes(5, 0, [10, 10], [0, 10])).toEqual({ rs0: 5 });
  });

  it.each([
    // The cases of the Kubernetes project's own tests.
    [12, [5, 10], [5, 10], { rs0: 6, rs1: 6 }],
    [5, [5, 10], [5, 10], { rs0: 3, rs1: 2 }],
    [0, [5, 10], [5, 10], { rs0: 0, rs1: 0 }],
  ] as const)('to %i of two of the same size', (wanted, a, b, expected) => {
    expect(sizes(wanted, 0, a, b)).toEqual(expected);
  });

  it('spreads over three sizes, and gives the largest what is left over', () => {
    expect(sizes(60, 0, [25, 50], [15, 50], [10, 50])).toEqual({ rs0: 30, rs1: 18, rs2: 12 });
    expect(sizes(15, 0, [2, 10], [8, 10])).toEqual({ rs0: 3, rs1: 12 });
  });

  it('counts the surge', () => {
    // The example of the Kubernetes page on Deployments: 10 with a surge of 3, 8 old and 5 new, scaled to 15.
    const deployment = rolling(15, 3, 2);
    const revisions = {
      current: replicaSet('new', 5, { max: 13, available: 0, age: 2 }),
      old: [replicaSet('old', 8, { max: 13, age: 1 })],
    };
    const resized = scaleProportionally(deployment, revisions).map(
      ({ replicaSet: { metadata }, replicas }) => [metadata.name, replicas],
    );
    expect(Object.fromEntries(resized)).toEqual({ old: 11, new: 7 });
  });
});
