import type { Pod } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { inDeletionOrder } from '../pods/deletion-order.js';
import { slowStart } from '../pods/slow-start.js';
import { nextAvailabilityMs, replicaSetStatus } from './replica-set-status.js';

const now = 1_700_000_000_000;
const at = (milliseconds: number) => new Date(milliseconds).toISOString();

interface PodShape {
  node?: string;
  phase?: string;
  readyForMs?: number;
  restarts?: number;
  ageMs?: number;
  cost?: string;
  deleted?: boolean;
}

function pod(name: string, shape: PodShape = {}): Pod {
  const {
    node = 'n1',
    phase = 'Running',
    readyForMs,
    restarts = 0,
    ageMs = 3_600_000,
    cost,
    deleted,
  } = shape;
  return {
    metadata: {
      name,
      uid: name,
      labels: { app: 'web' },
      creationTimestamp: at(now - ageMs),
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
      ...(deleted ? { deletionTimestamp: at(now) } : {}),
    },
    spec: { containers: [], ...(node === '' ? {} : { nodeName: node }) },
    status: {
      phase,
      conditions:
        readyForMs === undefined
          ? []
          : [{ type: 'Ready', status: 'True', lastTransitionTime: at(now - readyForMs) }],
      containerStatuses: [{ name: 'a', image: '', imageID: '', ready: true, restartCount: restarts }],
    },
  };
}

describe('pods are given up', () => {
  const minute = 60_000;
  it.each<[string, Pod, Pod]>([
    ['unassigned before assigned', pod('x', { node: '', phase: 'Pending' }), pod('y', { phase: 'Pending' })],
    ['pending before running', pod('x', { phase: 'Pending' }), pod('y')],
    ['not ready before ready', pod('x'), pod('y', { readyForMs: minute })],
    [
      'cheap before dear',
      pod('x', { readyForMs: minute, cost: '-5' }),
      pod('y', { readyForMs: minute, cost: '5' }),
    ],
    [
      'those ready for a short time first',
      pod('x', { readyForMs: minute }),
      pod('y', { readyForMs: 60 * minute }),
    ],
    [
      'often restarted ones first',
      pod('x', { readyForMs: minute, restarts: 3 }),
      pod('y', { readyForMs: minute, restarts: 1 }),
    ],
    [
      'young before old',
      pod('x', { readyForMs: minute, ageMs: 2 * minute }),
      pod('y', { readyForMs: minute, ageMs: 90 * minute }),
    ],
    ['of the same order of age by uid', pod('x', { ageMs: 100 }), pod('y', { ageMs: 101 })],
    ['a cost that is none counts as zero', pod('x', { cost: '-1' }), pod('y', { cost: '+7' })],
  ])('%s', (_, first, second) => {
    expect(inDeletionOrder([second, first], [], now).map(({ metadata }) => metadata.name)).toEqual([
      'x',
      'y',
    ]);
  });

  it('from the node that has most of them, siblings of other ReplicaSets included', () => {
    const ready = { readyForMs: minute };
    const [x, y] = [pod('x', { ...ready, node: 'full' }), pod('y', { ...ready, node: 'empty' })];
    const related = [x, y, pod('z', { ...ready, node: 'full' })];
    expect(inDeletionOrder([y, x], related, now).map(({ metadata }) => metadata.name)).toEqual(['x', 'y']);
  });
});

describe('slow start', () => {
  it('makes batches that double, and stops after one with a fault', async () => {
    const batches: number[] = [];
    let running = 0;
    const call = async () => {
      running++;
      await Promise.resolve();
      batches.push(running);
      running = 0;
    };
    expect(await slowStart(10, call)).toEqual({ succeeded: 10 });
    expect(batches.filter((size) => size > 0)).toEqual([1, 2, 4, 3]);
    let calls = 0;
    const failing = async () => {
      calls++;
      if (calls > 2) throw new Error('quota');
    };
    const { succeeded, error } = await slowStart(100, failing);
    expect([succeeded, calls]).toEqual([2, 3]);
    expect(error).toMatchObject({ message: 'quota' });
  });
});

describe('the status of a ReplicaSet', () => {
  const replicaSet = {
    metadata: { name: 'web', generation: 2 },
    spec: {
      replicas: 3,
      minReadySeconds: 30,
      selector: {},
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } },
    },
  };
  const pods = [
    pod('a', { readyForMs: 40_000 }),
    pod('b', { readyForMs: 10_000 }),
    pod('c', { phase: 'Pending' }),
    pod('d', { phase: 'Failed' }),
    pod('e', { deleted: true }),
  ];

  it('counts those that are there, ready, and ready for long enough', () => {
    expect(replicaSetStatus({ replicaSet, pods, now })).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 3,
      readyReplicas: 2,
      availableReplicas: 1,
      terminatingReplicas: 1,
      observedGeneration: 2,
    });
    expect(nextAvailabilityMs({ replicaSet, pods, now })).toBe(20_000);
  });

  it('says why pods are missing until they are not', () => {
    const failure = { reason: 'FailedCreate', message: 'quota' } as const;
    const failed = replicaSetStatus({ replicaSet, pods: [], now, failure });
    expect(failed.conditions).toMatchObject([{ type: 'ReplicaFailure', status: 'True', ...failure }]);
    const better = replicaSetStatus({ replicaSet: { ...replicaSet, status: failed }, pods, now });
    expect(better.conditions).toBeUndefined();
  });
});
