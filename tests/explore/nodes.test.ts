import { formatTime } from '@kubewright/api';
import { Lease } from '@kubewright/api/coordination/v1';
import { Node } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';
import { addScheduler } from '@kubewright/controllers';
import { it, vi } from 'vitest';
import { built, equals, explored, ifThere, pods, runsPods, testTimeout } from './explored.js';

vi.setConfig({ testTimeout });

const spec = { containers: [{ name: 'main', image: 'x' }] };
const start = Date.UTC(2026, 0, 1);

async function addNode(client: Client, name: string, room = '10'): Promise<void> {
  await client.resource(Node).create({ metadata: { name } });
  // Admission taints it until a node controller sees that it is ready.
  await client.resource(Node).patchMerge(name, { spec: { taints: null } });
  await client.resource(Node).status.patchMerge(name, {
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: room },
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: formatTime(start) }],
    },
  });
}

const podOn = (client: Client, name: string, nodeName?: string) =>
  pods(client).create({
    metadata: { name },
    spec: { ...spec, ...(nodeName === undefined ? {} : { nodeName }) },
  });

const taintsOf = async (client: Client, name: string) =>
  ((await client.resource(Node).get(name)).spec?.taints ?? [])
    .map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`)
    .sort();

it('a node that falls silent is tainted, and its pods are not ready', async () => {
  await explored(
    built(['node-lifecycle-controller']),
    {
      prepare: (client) => addNode(client, 'n1'),
      beside: runsPods(),
      steps: {
        'a pod runs there': (client) => podOn(client, 'p', 'n1'),
        'a lease is renewed': (client) =>
          client.resource(Lease).create({
            metadata: { name: 'n1', namespace: 'kube-node-lease' },
            spec: { holderIdentity: 'n1', renewTime: '2026-01-01T00:00:01.000000Z' },
          }),
      },
      finally: {
        'it is unknown': async (client) => {
          const { status } = await client.resource(Node).get('n1');
          equals('ready', status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'Unknown');
        },
        'it has its taints': async (client) =>
          equals('taints', await taintsOf(client, 'n1'), ['unreachable:NoExecute', 'unreachable:NoSchedule']),
      },
    },
    { restMs: 120_000 },
  );
});

it('a node that comes back loses its taints', async () => {
  const ready = (client: Client, status: string) =>
    client.resource(Node).status.patchStrategic('n1', {
      status: { conditions: [{ type: 'Ready', status, lastHeartbeatTime: formatTime(start) }] },
    });
  await explored(built(['node-lifecycle-controller']), {
    prepare: (client) => addNode(client, 'n1'),
    steps: {
      'it is not ready': (client) => ready(client, 'False'),
      'it is ready again, and closed': async (client) => {
        await ready(client, 'True');
        await client.resource(Node).patchMerge('n1', { spec: { unschedulable: true } });
      },
    },
    finally: {
      'it is closed only': async (client) =>
        equals('taints', await taintsOf(client, 'n1'), ['unschedulable:NoSchedule']),
    },
  });
});

it('pods that do not bear a taint go, in their time', async () => {
  const taint = (client: Client, effect: string) =>
    client.resource(Node).patchMerge('n1', { spec: { taints: [{ key: 'fire', effect }] } });
  await explored(built(['taint-eviction-controller']), {
    prepare: async (client) => {
      await addNode(client, 'n1');
      await podOn(client, 'goes', 'n1');
      await pods(client).create({
        metadata: { name: 'bears' },
        spec: { ...spec, nodeName: 'n1', tolerations: [{ operator: 'Exists' }] },
      });
      await pods(client).create({
        metadata: { name: 'lasts' },
        spec: {
          ...spec,
          nodeName: 'n1',
          tolerations: [{ key: 'fire', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 }],
        },
      });
    },
    beside: runsPods(),
    steps: {
      'a taint that keeps new ones away': (client) => taint(client, 'NoSchedule'),
      'a taint that drives out': (client) => taint(client, 'NoExecute'),
    },
    finally: {
      'one is left': async (client) => {
        const left = (await pods(client).list()).items.map(({ metadata }) => metadata.name);
        equals('pods', left, ['bears']);
      },
    },
  });
});

it('pods that nobody else deletes are collected', async () => {
  await explored(
    built(['pod-garbage-collector-controller']),
    {
      prepare: async (client) => {
        for (const name of ['n1', 'n2']) {
          await addNode(client, name);
          await podOn(client, `on-${name}`, name);
        }
        await podOn(client, 'nowhere');
        await pods(client).patchMerge('nowhere', { metadata: { finalizers: ['example.dev/hold'] } });
      },
      steps: {
        'a node goes': (client) => client.resource(Node).delete('n1'),
        'a pod without a node is deleted': async (client) => {
          await pods(client).delete('nowhere');
          await ifThere(pods(client).patchMerge('nowhere', { metadata: { finalizers: null } }));
        },
      },
      finally: {
        'the other is left': async (client) => {
          const left = (await pods(client).list()).items.map(({ metadata }) => metadata.name);
          equals('pods', left, ['on-n2']);
        },
      },
    },
    { restMs: 100_000 },
  );
});

it('the scheduler gives every pod a node that has room', async () => {
  await explored((manager) => addScheduler(manager), {
    prepare: async (client) => {
      await addNode(client, 'n1', '1');
      await addNode(client, 'n2', '1');
    },
    steps: {
      'makes two pods': async (client) => {
        for (const name of ['a', 'b']) await podOn(client, name);
      },
      'makes one for which there is no room': (client) => podOn(client, 'c'),
      'a pod goes': (client) => ifThere(pods(client).delete('a', { gracePeriodSeconds: 0 })),
    },
    always: {
      'no node is too full': async (client) => {
        const placed = (await pods(client).list()).items.map(({ spec: pod }) => pod?.nodeName ?? '');
        for (const node of ['n1', 'n2'])
          if (placed.filter((each) => each === node).length > 1) throw new Error(`${node} is`);
      },
    },
    finally: {
      'each pod has its node': async (client) => {
        const placed = (await pods(client).list()).items.map(({ spec: pod }) => pod?.nodeName ?? '');
        equals('nodes', placed.sort(), ['n1', 'n2']);
      },
    },
  });
});
