import { isNotFound, ownerReference } from '@kubewright/api';
import { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { ConfigMap, Namespace, Pod, Service, ServiceAccount } from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import type { Client } from '@kubewright/client';
import { builtinControllers, type Manager } from '@kubewright/controllers';
import { type ExploreOptions, explore, type Scenario } from '@kubewright/testing';
import { expect, it, vi } from 'vitest';

/** The time of `npm test` is dear; `npm run soak` looks at every write and at many mixed plans. */
const options: ExploreOptions =
  process.env.SOAK_EXPLORE === undefined
    ? { mostWrites: 2, randomRuns: 4, restMs: 30_000 }
    : { randomRuns: 300 };

vi.setConfig({ testTimeout: process.env.SOAK_EXPLORE === undefined ? 120_000 : 900_000 });

const labels = { app: 'web' };
const template = (image: string) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image }] },
});

function built(...names: readonly string[]): (manager: Manager) => void {
  return (manager) => {
    for (const name of names) {
      const found = builtinControllers.find((each) => each.name === name);
      if (found === undefined) throw new Error(`there is no ${name}`);
      found.add(manager, { signal: new AbortController().signal });
    }
  };
}

const pods = (client: Client) => client.resource(Pod).namespace('default');
const replicaSets = (client: Client) => client.resource(ReplicaSet).namespace('default');
const deployments = (client: Client) => client.resource(Deployment).namespace('default');

/** Pods run as soon as they are there. */
const runsPods = (manager: Manager): void => {
  manager.controller(Pod, { name: 'kubelet' }).reconcile(async ({ name, namespace }, { client }) => {
    const all = client.resource(Pod).namespace(namespace);
    const pod = await all.get(name).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    if (pod === undefined) return undefined;
    if (pod.metadata.deletionTimestamp !== undefined) await all.delete(name, { gracePeriodSeconds: 0 });
    else if (pod.status?.phase !== 'Running')
      await all.status.patchMerge(name, {
        status: { phase: 'Running', podIP: '10.1.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
      });
    return undefined;
  });
};

async function alive(client: Client): Promise<number> {
  return (await pods(client).list()).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .length;
}

function equals(what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
}

async function explored(add: (manager: Manager) => void, scenario: Scenario): Promise<void> {
  const { writes, runs } = await explore(add, scenario, options);
  expect(writes).toBeGreaterThan(0);
  expect(runs).toBeGreaterThan(10);
}

it('the ReplicaSet controller keeps as many pods as are wanted', async () => {
  await explored(built('replicaset-controller'), {
    beside: runsPods,
    steps: {
      'makes a ReplicaSet of 2': (client) =>
        replicaSets(client).create({
          metadata: { name: 'web' },
          spec: { replicas: 2, selector: { matchLabels: labels }, template: template('one') },
        }),
      'scales it to 1': (client) => replicaSets(client).scale.patchMerge('web', { spec: { replicas: 1 } }),
      'deletes a pod': async (client) => {
        const [pod] = (await pods(client).list()).items;
        if (pod?.metadata.name !== undefined) await pods(client).delete(pod.metadata.name);
      },
    },
    always: {
      'there are never more pods than were ever wanted': async (client) => {
        if ((await alive(client)) > 3) throw new Error(`there are ${await alive(client)}`);
      },
    },
    finally: {
      'one pod is there': async (client) => equals('pods', await alive(client), 1),
      'the status says so': async (client) => {
        const { status } = await replicaSets(client).get('web');
        equals('status', [status?.replicas, status?.readyReplicas], [1, 1]);
      },
    },
  });
});

it('the Deployment controller rolls out, with one ReplicaSet for each template', async () => {
  await explored(built('deployment-controller', 'replicaset-controller'), {
    beside: runsPods,
    steps: {
      'makes a Deployment': (client) =>
        deployments(client).create({
          metadata: { name: 'web' },
          spec: { replicas: 2, selector: { matchLabels: labels }, template: template('one') },
        }),
      'changes its image': (client) =>
        deployments(client).patchStrategic('web', { spec: { template: template('two') } }),
    },
    finally: {
      'all pods are of the new template': async (client) => {
        const images = (await pods(client).list()).items.map(({ spec }) => spec?.containers?.[0]?.image);
        equals('images', images, ['two', 'two']);
      },
      'there are two ReplicaSets': async (client) =>
        equals('replica sets', (await replicaSets(client).list()).items.length, 2),
      'the Deployment is complete': async (client) => {
        const { status, metadata } = await deployments(client).get('web');
        equals(
          'status',
          [status?.observedGeneration, status?.updatedReplicas, status?.availableReplicas],
          [metadata.generation, 2, 2],
        );
      },
    },
  });
});

it('the EndpointSlice controllers show the pods of a Service', async () => {
  const pod = (name: string) => ({ metadata: { name, labels }, spec: template('one').spec });
  await explored(built('endpointslice-controller', 'endpoints-controller'), {
    beside: runsPods,
    steps: {
      'makes a Service': (client) =>
        client
          .resource(Service)
          .namespace('default')
          .create({ metadata: { name: 'web' }, spec: { selector: labels, ports: [{ port: 80 }] } }),
      'makes a pod': (client) => pods(client).create(pod('a')),
      'makes another and deletes the first': async (client) => {
        await pods(client).create(pod('b'));
        await pods(client).delete('a');
      },
    },
    finally: {
      'one slice shows the one pod': async (client) => {
        const { items } = await client.resource(EndpointSlice).namespace('default').list();
        const shown = items.map(({ endpoints }) => (endpoints ?? []).map(({ targetRef }) => targetRef?.name));
        equals('slices', shown, [['b']]);
      },
    },
  });
});

it('the namespace controller empties what is deleted', async () => {
  await explored(built('namespace-controller'), {
    prepare: async (client) => {
      await client.resource(Namespace).create({ metadata: { name: 'going' } });
      await client.resource(ConfigMap).create({ metadata: { name: 'inside', namespace: 'going' } });
    },
    steps: { 'deletes the namespace': (client) => client.resource(Namespace).delete('going') },
    finally: {
      'it is gone': async (client) => {
        const names = (await client.resource(Namespace).list()).items.map(({ metadata }) => metadata.name);
        if (names.includes('going')) throw new Error('it is there');
      },
    },
  });
});

it('the garbage collector deletes what nobody owns any more', async () => {
  const maps = (client: Client) => client.resource(ConfigMap).namespace('default');
  await explored(built('garbage-collector-controller'), {
    prepare: async (client) => {
      const owner = await maps(client).create({ metadata: { name: 'owner' } });
      await maps(client).create({
        metadata: { name: 'owned', ownerReferences: [ownerReference(ConfigMap, owner, true)] },
      });
    },
    steps: {
      'deletes the owner': (client) => maps(client).delete('owner', { propagationPolicy: 'Foreground' }),
    },
    finally: {
      'neither is there': async (client) => equals('maps', (await maps(client).list()).items.length, 0),
    },
  });
});

it('every namespace has its default service account', async () => {
  await explored(built('serviceaccount-controller'), {
    steps: {
      'makes a namespace': (client) => client.resource(Namespace).create({ metadata: { name: 'n' } }),
      'deletes the account': (client) =>
        client
          .resource(ServiceAccount)
          .namespace('n')
          .delete('default')
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          }),
    },
    finally: {
      'it is there': async (client) =>
        void (await client.resource(ServiceAccount).namespace('n').get('default')),
    },
  });
});
