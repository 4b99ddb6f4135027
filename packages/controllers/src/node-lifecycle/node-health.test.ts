import type { Node, Pod, Taint, Toleration } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { silentConditions, taintsOf } from './node-health.js';
import { evictionTime } from './taint-eviction.js';

const now = 1_700_000_000_000;
const node = (ready: string, spec: Node['spec'] = {}): Node => ({
  metadata: { name: 'n1' },
  spec,
  status: { conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: '2023-11-14T22:00:00Z' }] },
});
const short = (taints: readonly Taint[]) => taints.map(({ key, effect }) => `${key}:${effect}`);

describe('the taints of a node', () => {
  it.each([
    ['True', {}, []],
    ['False', {}, ['node.kubernetes.io/not-ready:NoSchedule', 'node.kubernetes.io/not-ready:NoExecute']],
    [
      'Unknown',
      {},
      ['node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unreachable:NoExecute'],
    ],
    ['True', { unschedulable: true }, ['node.kubernetes.io/unschedulable:NoSchedule']],
    ['True', { taints: [{ key: 'own', effect: 'NoExecute' }] }, ['own:NoExecute']],
    ['True', { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] }, []],
  ])('that is ready: %s with %j are %j', (ready, spec, expected) => {
    expect(short(taintsOf(node(ready, spec), now))).toEqual(expected);
  });

  it('keep the time at which they were added', () => {
    const first = taintsOf(node('False'), now);
    expect(taintsOf(node('False', { taints: [...first] }), now + 60_000)).toEqual(first);
  });
});

describe('the conditions of a silent node', () => {
  it('become unknown once, and keep the last heartbeat', () => {
    const conditions = silentConditions(node('True'), now);
    expect(conditions).toMatchObject([
      {
        type: 'Ready',
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastHeartbeatTime: '2023-11-14T22:00:00Z',
      },
      {
        type: 'MemoryPressure',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
      },
      { type: 'DiskPressure' },
      { type: 'PIDPressure' },
    ]);
    const silent = { ...node('True'), status: { conditions: [...conditions] } };
    expect(silentConditions(silent, now + 1)).toBe(silent.status.conditions);
  });
});

describe('a pod on a tainted node', () => {
  const unreachable: Taint = {
    key: 'node.kubernetes.io/unreachable',
    effect: 'NoExecute',
    timeAdded: new Date(now).toISOString(),
  };
  const own: Taint = { key: 'own', effect: 'NoExecute' };
  it.each<[string, Toleration[], Taint[], number | undefined]>([
    ['leaves after five minutes', [], [unreachable], now + 300_000],
    [
      'leaves after its own time',
      [{ operator: 'Exists', tolerationSeconds: 10 }],
      [unreachable],
      now + 10_000,
    ],
    ['stays where it tolerates for ever', [{ operator: 'Exists' }], [unreachable, own], undefined],
    ['leaves at once from a taint that it does not tolerate', [], [own], now + 5],
    [
      'leaves at the earliest of its times',
      [
        { key: 'own', operator: 'Exists', tolerationSeconds: 60 },
        { key: 'own', operator: 'Exists', tolerationSeconds: 30 },
      ],
      [own, unreachable],
      now + 5 + 30_000,
    ],
    ['does not mind taints of other effects', [], [{ key: 'own', effect: 'NoSchedule' }], undefined],
  ])('%s', (_, tolerations, taints, expected) => {
    const pod: Pod = { metadata: { name: 'p' }, spec: { containers: [], tolerations } };
    expect(evictionTime(pod, taints, now + 5)).toBe(expected);
  });
});
