import { isNotFound } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import {
  ConfigMap,
  Endpoints,
  Event,
  Namespace,
  Node,
  Pod,
  Secret,
  Service,
  ServiceAccount,
} from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import type { TransportResponse } from '@kubewright/client';
import { startControllers } from '@kubewright/controllers';
import { startTestServer } from '@kubewright/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addNode, type Cluster, startCluster, until } from './cluster.js';

let cluster: Cluster;

beforeEach(async () => {
  cluster = await startCluster({ controllers: { rootCa: () => 'the certificates' } });
});

afterEach(async () => {
  await cluster.close();
});

const spec = { containers: [{ name: 'main', image: 'x' }] };

describe('a namespace', () => {
  it('has its account and the CA, and has them again when they are deleted or changed', async () => {
    const { client } = cluster;
    await client.resource(Namespace).create({ metadata: { name: 'a' } });
    const accounts = client.resource(ServiceAccount).namespace('a');
    const maps = client.resource(ConfigMap).namespace('a');
    await until(() => accounts.get('default'));
    await until(async () =>
      expect((await maps.get('kube-root-ca.crt')).data).toEqual({ 'ca.crt': 'the certificates' }),
    );
    const before = await accounts.get('default');
    await accounts.delete('default');
    await until(async () =>
      expect((await accounts.get('default')).metadata.uid).not.toBe(before.metadata.uid),
    );
    await maps.patchMerge('kube-root-ca.crt', { data: { 'ca.crt': 'others' } });
    await until(async () =>
      expect((await maps.get('kube-root-ca.crt')).data).toEqual({ 'ca.crt': 'the certificates' }),
    );
  });

  it('takes all its content with it', async () => {
    const { client } = cluster;
    const namespaces = client.resource(Namespace);
    await namespaces.create({ metadata: { name: 'a' } });
    await client.resource(ConfigMap).create({ metadata: { name: 'c', namespace: 'a' } });
    await client.resource(Deployment).create({
      metadata: { name: 'web', namespace: 'a' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec },
      },
    });
    await until(async () => expect((await client.resource(Pod).namespace('a').list()).items).toHaveLength(2));
    await namespaces.delete('a');
    await until(async () => expect(await namespaces.get('a').catch(isNotFound)).toBe(true));
    expect((await client.resource(Pod).namespace('a').list()).items).toEqual([]);
    expect((await client.resource(ConfigMap).namespace('a').list()).items).toEqual([]);
  });

  it('says what it waits for', async () => {
    const { client } = cluster;
    const namespaces = client.resource(Namespace);
    await namespaces.create({ metadata: { name: 'a' } });
    const maps = client.resource(ConfigMap).namespace('a');
    await maps.create({ metadata: { name: 'c', finalizers: ['example.dev/hold'] } });
    await namespaces.delete('a');
    await until(async () => {
      const { status } = await namespaces.get('a');
      expect(status?.phase).toBe('Terminating');
      expect(
        status?.conditions?.filter(({ status: is }) => is === 'True').map(({ message }) => message),
      ).toEqual([
        'Some resources are remaining: configmaps. has 1 resource instances',
        'Some content in the namespace has finalizers remaining: example.dev/hold in 1 resource instances',
      ]);
    });
    await maps.patchMerge('c', { metadata: { finalizers: null } });
    await until(async () => expect(await namespaces.get('a').catch(isNotFound)).toBe(true));
  });
});

describe('beside a group that does not answer', () => {
  it('a namespace is emptied of what is known, dependents go with their owner, and it waits for the group', async () => {
    const server = await startTestServer();
    const stop = new AbortController();
    let isAway = true;
    const client = server.client.through((inner) => ({
      request: (request) =>
        isAway && request.path === '/apis/policy/v1'
          ? Promise.resolve(unavailable())
          : inner.request(request),
      connect: (request) => inner.connect(request),
      close: () => inner.close(),
    }));
    const controllers = await startControllers(client, { signal: stop.signal });
    const namespaces = server.client.resource(Namespace);
    const maps = server.client.resource(ConfigMap);
    await namespaces.create({ metadata: { name: 'a' } });
    await maps.create({ metadata: { name: 'c', namespace: 'a' } });
    const { metadata } = await maps.create({ metadata: { name: 'owner', namespace: 'default' } });
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid ?? '' };
    await maps.create({ metadata: { name: 'owned', namespace: 'default', ownerReferences: [owner] } });
    await namespaces.delete('a');
    await maps.namespace('default').delete('owner');
    await until(async () => {
      const failed = (await namespaces.get('a')).status?.conditions?.filter(
        ({ status }) => status === 'True',
      );
      expect(failed?.map(({ reason }) => reason)).toEqual(['DiscoveryFailed']);
      expect((await maps.namespace('a').list()).items).toEqual([]);
      expect(await maps.namespace('default').get('owned').catch(isNotFound)).toBe(true);
    });
    isAway = false;
    await until(async () => expect(await namespaces.get('a').catch(isNotFound)).toBe(true));
    stop.abort();
    await controllers.done;
    await server.close();
  });
});

function unavailable(): TransportResponse {
  const status = {
    kind: 'Status',
    status: 'Failure',
    code: 503,
    reason: 'ServiceUnavailable',
    message: 'away',
  };
  return {
    status: 503,
    headers: { 'content-type': 'application/json' },
    body: (async function* () {
      yield new TextEncoder().encode(JSON.stringify(status));
    })(),
  };
}

describe('a service', () => {
  it('has slices and endpoints of its pods, with named ports, while they are there', async () => {
    const { client } = cluster;
    const pods = client.resource(Pod).namespace('default');
    await client.resource(Service).create({
      metadata: { name: 'web', namespace: 'default', labels: { team: 'x' } },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }] },
    });
    const slices = () =>
      client
        .resource(EndpointSlice)
        .namespace('default')
        .list({ labelSelector: 'kubernetes.io/service-name=web' });
    await until(async () =>
      expect((await slices()).items.map(({ endpoints }) => endpoints ?? [])).toEqual([[]]),
    );
    await pods.create({
      metadata: { name: 'p', labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'x', ports: [{ name: 'web', containerPort: 8080 }] }] },
    });
    await until(async () => {
      const { items } = await slices();
      expect(items).toHaveLength(1);
      expect(items[0]).toMatchObject({
        addressType: 'IPv4',
        metadata: {
          labels: {
            team: 'x',
            'kubernetes.io/service-name': 'web',
            'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          },
        },
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            conditions: { ready: true, serving: true, terminating: false },
            nodeName: 'n1',
            targetRef: { kind: 'Pod', name: 'p', namespace: 'default' },
          },
        ],
      });
      expect((await client.resource(Endpoints).namespace('default').get('web')).subsets).toMatchObject([
        {
          addresses: [{ ip: '10.0.0.1', nodeName: 'n1' }],
          ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        },
      ]);
    });
    await pods.delete('p');
    await until(async () =>
      expect((await slices()).items.map(({ endpoints }) => endpoints ?? [])).toEqual([[]]),
    );
    await client.resource(Service).namespace('default').delete('web');
    await until(async () => expect((await slices()).items).toEqual([]));
  });
});

describe('owner references', () => {
  const child = (name: string, owner: ConfigMap, block = false) => ({
    metadata: {
      name,
      namespace: 'default',
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: owner.metadata.name ?? '',
          uid: owner.metadata.uid ?? '',
          ...(block ? { blockOwnerDeletion: true } : {}),
        },
      ],
    },
  });

  it('take dependents along in the background, or leave them as orphans', async () => {
    const maps = cluster.client.resource(ConfigMap).namespace('default');
    const secrets = cluster.client.resource(Secret).namespace('default');
    const owner = await maps.create({ metadata: { name: 'owner' } });
    await secrets.create(child('dependent', owner));
    await maps.delete('owner');
    await until(async () => expect(await secrets.get('dependent').catch(isNotFound)).toBe(true));

    const second = await maps.create({ metadata: { name: 'second' } });
    await secrets.create(child('orphan', second));
    await maps.delete('second', { propagationPolicy: 'Orphan' });
    await until(async () => {
      expect(await maps.get('second').catch(isNotFound)).toBe(true);
      expect((await secrets.get('orphan')).metadata.ownerReferences ?? []).toEqual([]);
    });
  });

  it('hold up the owner in the foreground', async () => {
    const maps = cluster.client.resource(ConfigMap).namespace('default');
    const owner = await maps.create({ metadata: { name: 'owner' } });
    const held = child('held', owner, true);
    await maps.create({ ...held, metadata: { ...held.metadata, finalizers: ['example.dev/hold'] } });
    await maps.delete('owner', { propagationPolicy: 'Foreground' });
    await until(async () => expect((await maps.get('held')).metadata.deletionTimestamp).toBeDefined());
    expect((await maps.get('owner')).metadata.finalizers).toEqual(['foregroundDeletion']);
    await maps.patchMerge('held', { metadata: { finalizers: null } });
    await until(async () => expect(await maps.get('owner').catch(isNotFound)).toBe(true));
  });

  it('to something that never was do not keep an object', async () => {
    const maps = cluster.client.resource(ConfigMap).namespace('default');
    await maps.create(
      child('stray', { metadata: { name: 'nobody', uid: 'f5bd7a6c-0000-4000-8000-000000000000' } }),
    );
    await until(async () => expect(await maps.get('stray').catch(isNotFound)).toBe(true));
  });
});

describe('the scheduler', () => {
  it('says why a pod has no node, and places it when there is one', async () => {
    const { client } = cluster;
    const pods = client.resource(Pod).namespace('default');
    await pods.create({ metadata: { name: 'p' }, spec: { ...spec, nodeSelector: { disk: 'ssd' } } });
    await until(async () => {
      const { status } = await pods.get('p');
      expect(status?.conditions).toMatchObject([
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
        },
      ]);
      const { items } = await client.resource(Event).namespace('default').list();
      expect(items.map(({ reason }) => reason)).toContain('FailedScheduling');
    });
    await client.resource(Node).patchMerge('n1', { metadata: { labels: { disk: 'ssd' } } });
    await until(async () => expect((await pods.get('p')).spec?.nodeName).toBe('n1'));
  });

  it('never gives more than a node has', async () => {
    const { client } = cluster;
    const pods = client.resource(Pod).namespace('default');
    const big = { containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '1500m' } } }] };
    for (const name of ['a', 'b', 'c', 'd', 'e']) await pods.create({ metadata: { name }, spec: big });
    await until(async () => {
      const { items } = await pods.list();
      expect(items.filter((pod) => pod.spec?.nodeName)).toHaveLength(2);
      expect(items.filter((pod) => pod.status?.conditions?.[0]?.reason === 'Unschedulable')).toHaveLength(3);
    });
    await addNode(cluster, 'n2');
    await until(async () => {
      const { items } = await pods.list();
      expect(items.map((pod) => pod.spec?.nodeName ?? '').sort()).toEqual(['', 'n1', 'n1', 'n2', 'n2']);
    });
  });
});

describe('a node', () => {
  it('that is not ready is tainted, and takes its pods out of service', async () => {
    const { client } = cluster;
    await client.resource(Pod).create({ metadata: { name: 'p', namespace: 'default' }, spec });
    const pods = client.resource(Pod).namespace('default');
    await until(async () => expect((await pods.get('p')).status?.phase).toBe('Running'));
    await client.resource(Node).status.patchStrategic('n1', {
      status: {
        conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'down' }],
      },
    });
    await until(async () => {
      const { spec: node } = await client.resource(Node).get('n1');
      expect(node?.taints).toMatchObject([
        { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
      ]);
      const ready = (await pods.get('p')).status?.conditions?.find(({ type }) => type === 'Ready');
      expect(ready?.status).toBe('False');
    });
    await client.resource(Node).status.patchStrategic('n1', {
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'up' }] },
    });
    await until(async () => expect((await client.resource(Node).get('n1')).spec?.taints ?? []).toEqual([]));
  });
});
