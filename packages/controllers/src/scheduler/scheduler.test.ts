import type { Node, Pod, Taint, Toleration } from '@kubewright/api/core/v1';
import { VirtualClock } from '@kubewright/client';
import { describe, expect, it } from 'vitest';
import { chooseNode } from './choose-node.js';
import { defaultPlugins } from './default-plugins.js';
import { type NodeInfo, nodeInfoOf } from './node-info.js';
import { podRequests } from './resources.js';
import { SchedulerCache } from './scheduler-cache.js';
import { SchedulingQueue } from './scheduling-queue.js';
import { tolerates } from './tolerations.js';

const options = { plugins: defaultPlugins, random: () => 0 };
const node = (name: string, spec: Node['spec'] = {}, labels: Record<string, string> = {}): Node => ({
  metadata: { name, labels },
  spec,
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '2' } },
});
const pod = (name: string, cpu?: string, spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name, uid: name, namespace: 'default' },
  spec: {
    containers: [{ name: 'main', ...(cpu === undefined ? {} : { resources: { requests: { cpu } } }) }],
    ...spec,
  },
});
const choose = (wanted: Pod, ...nodes: NodeInfo[]) => {
  const choice = chooseNode(wanted, nodes, options);
  return choice.type === 'node' ? choice.node.name : choice.message;
};

describe('what a pod asks for', () => {
  it.each<[string, NonNullable<Pod['spec']>, object]>([
    [
      'is the sum of its containers',
      {
        containers: [
          { name: 'a', resources: { requests: { cpu: '100m', memory: '1Mi' } } },
          { name: 'b', resources: { requests: { cpu: '0.5' } } },
        ],
      },
      { cpu: 600, memory: 1048576 },
    ],
    [
      'is what an init container needs where that is more',
      {
        initContainers: [{ name: 'i', resources: { requests: { cpu: '2' } } }],
        containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }],
      },
      { cpu: 2000 },
    ],
    [
      'holds sidecars all the time',
      {
        initContainers: [
          { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
          { name: 'i', resources: { requests: { cpu: '2' } } },
        ],
        containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }],
        overhead: { cpu: '50m' },
      },
      { cpu: 3050 },
    ],
    [
      'is what the pod as a whole says',
      {
        resources: { requests: { cpu: '3' } },
        containers: [{ name: 'a', resources: { requests: { cpu: '1', 'example.dev/gpu': '2' } } }],
      },
      { cpu: 3000, 'example.dev/gpu': 2 },
    ],
  ])('%s', (_, spec, expected) => {
    expect(podRequests({ metadata: {}, spec })).toEqual(expected);
  });
});

describe('a toleration', () => {
  const taint: Taint = { key: 'k', value: 'v', effect: 'NoSchedule' };
  it.each<[Toleration, boolean]>([
    [{ key: 'k', value: 'v', effect: 'NoSchedule' }, true],
    [{ key: 'k', operator: 'Equal', value: 'v' }, true],
    [{ key: 'k', value: 'other' }, false],
    [{ key: 'k', operator: 'Exists' }, true],
    [{ operator: 'Exists' }, true],
    [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }, false],
    [{ key: 'other', operator: 'Exists' }, false],
  ])('%j bears the taint: %s', (toleration, expected) => {
    expect(tolerates(toleration, taint)).toBe(expected);
  });
});

describe('the node of a pod', () => {
  it.each<[string, Pod, NodeInfo[]]>([
    ['no nodes available to schedule pods', pod('p'), []],
    ['0/1 nodes are available: 1 Insufficient cpu.', pod('p', '5'), [nodeInfoOf(node('a'))]],
    [
      '0/2 nodes are available: 1 Too many pods, 1 node(s) were unschedulable.',
      pod('p'),
      [nodeInfoOf(node('a'), [pod('x'), pod('y')]), nodeInfoOf(node('b', { unschedulable: true }))],
    ],
    [
      '0/1 nodes are available: 1 node(s) had untolerated taint(s).',
      pod('p'),
      [nodeInfoOf(node('a', { taints: [{ key: 'k', effect: 'NoSchedule' }] }))],
    ],
    [
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
      pod('p', undefined, { nodeSelector: { disk: 'ssd' } }),
      [nodeInfoOf(node('a'))],
    ],
  ])('is none: %s', (message, wanted, nodes) => {
    expect(choose(wanted, ...nodes)).toBe(message);
  });

  it('is one with room, rather than one that asks to be spared', () => {
    const busy = nodeInfoOf(node('busy'), [pod('x', '3')]);
    const spared = nodeInfoOf(node('spared', { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }));
    expect(choose(pod('p', '500m'), busy, nodeInfoOf(node('idle')))).toBe('idle');
    expect(choose(pod('p', '2'), busy, nodeInfoOf(node('idle')))).toBe('idle');
    expect(choose(pod('p', '500m'), spared, nodeInfoOf(node('idle')))).toBe('idle');
  });

  it('is one that required node affinity leads to', () => {
    const affinity = (operator: string, values?: string[]) => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator, values }] }],
          },
        },
      },
    });
    const nodes = [nodeInfoOf(node('a', {}, { zone: '1' })), nodeInfoOf(node('b', {}, { zone: '5' }))];
    expect(choose(pod('p', undefined, affinity('In', ['5'])), ...nodes)).toBe('b');
    expect(choose(pod('p', undefined, affinity('Gt', ['3'])), ...nodes)).toBe('b');
    expect(choose(pod('p', undefined, affinity('NotIn', ['5'])), ...nodes)).toBe('a');
  });
});

describe('assumed pods', () => {
  it('take room until they are placed, deleted, or given up', () => {
    const cache = new SchedulerCache();
    cache.putNode(node('a'));
    const wanted = pod('p', '3');
    const used = () => cache.nodes()[0]?.requested.cpu ?? 0;
    cache.assume(wanted, 'a');
    expect(used()).toBe(3000);
    cache.putPod({ ...wanted, spec: { ...wanted.spec!, nodeName: 'a' } });
    expect([used(), cache.isAssumed(wanted)]).toEqual([3000, false]);
    cache.putPod({ ...wanted, spec: { ...wanted.spec!, nodeName: 'a' }, status: { phase: 'Succeeded' } });
    expect(used()).toBe(0);
    cache.assume(wanted, 'a');
    cache.unassume(wanted);
    expect(used()).toBe(0);
  });

  it('count on a node that comes after them', () => {
    const cache = new SchedulerCache();
    cache.putPod(pod('p', '3', { nodeName: 'a' }));
    cache.putNode(node('a'));
    expect(cache.nodes()[0]).toMatchObject({ podCount: 1, requested: { cpu: 3000 } });
  });
});

describe('the queue', () => {
  const signal = new AbortController().signal;

  it('gives the most important first, then the first', async () => {
    const queue = new SchedulingQueue(new VirtualClock());
    queue.put(pod('a'));
    queue.put(pod('b', undefined, { priority: 10 }));
    queue.put(pod('c'));
    const names = [];
    for (let count = 0; count < 3; count++) names.push((await queue.pop(signal)).metadata.name);
    expect(names).toEqual(['b', 'a', 'c']);
  });

  it('holds back what failed until something happens, for longer each time', async () => {
    const clock = new VirtualClock();
    const queue = new SchedulingQueue(clock);
    const wanted = pod('a');
    queue.put(wanted);
    for (const backoffMs of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      await queue.pop(signal);
      queue.unschedulable(wanted);
      await clock.advance(100);
      expect(queue.sizes.unschedulable).toBe(1);
      queue.moveAll();
      expect(queue.sizes.backoff).toBe(1);
      await clock.advance(backoffMs - 101);
      expect(queue.sizes.backoff).toBe(1);
      await clock.advance(1);
      expect(queue.sizes.active).toBe(1);
    }
  });

  it('does not miss what happens during an attempt', async () => {
    const queue = new SchedulingQueue(new VirtualClock());
    const wanted = pod('a');
    queue.put(wanted);
    await queue.pop(signal);
    queue.moveAll();
    queue.unschedulable(wanted);
    expect(queue.sizes.backoff).toBe(1);
  });

  it('tries again after five minutes whatever happens', async () => {
    const clock = new VirtualClock();
    const queue = new SchedulingQueue(clock);
    const wanted = pod('a');
    queue.put(wanted);
    await queue.pop(signal);
    queue.unschedulable(wanted);
    await clock.advance(300_000);
    expect(queue.sizes.active).toBe(1);
  });
});
