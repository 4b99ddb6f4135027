import { generateKeyPairSync } from 'node:crypto';
import { isNotFound, ownerReference } from '@kubewright/api';
import {
  ConfigMap,
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import { ClusterRole } from '@kubewright/api/rbac/v1';
import { VolumeAttributesClass } from '@kubewright/api/storage/v1';
import type { Client } from '@kubewright/client';
import { it, vi } from 'vitest';
import { built, equals, explored, ifThere, pods, runsPods, testTimeout } from './explored.js';

vi.setConfig({ testTimeout });

const labels = { app: 'web' };
const spec = { containers: [{ name: 'web', image: 'one' }] };
const maps = (client: Client) => client.resource(ConfigMap).namespace('default');
const secrets = (client: Client, namespace: string) => client.resource(Secret).namespace(namespace);

it('the EndpointSlice controllers show the pods of a Service', async () => {
  const pod = (name: string) => ({ metadata: { name, labels }, spec });
  await explored(built(['endpointslice-controller', 'endpoints-controller']), {
    beside: runsPods(),
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
  await explored(built(['namespace-controller']), {
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
  await explored(built(['garbage-collector-controller']), {
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
  await explored(built(['serviceaccount-controller']), {
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

it('every namespace has the CA', async () => {
  const ca = (client: Client, namespace: string) => client.resource(ConfigMap).namespace(namespace);
  await explored(built(['root-ca-certificate-publisher-controller'], { rootCa: () => 'the CA' }), {
    steps: {
      'makes a namespace': (client) => client.resource(Namespace).create({ metadata: { name: 'n' } }),
      'spoils what is in it': (client) =>
        ifThere(ca(client, 'n').patchMerge('kube-root-ca.crt', { data: { 'ca.crt': 'another' } })),
      'deletes it elsewhere': (client) => ifThere(ca(client, 'default').delete('kube-root-ca.crt')),
    },
    finally: {
      'it is in both': async (client) => {
        for (const namespace of ['n', 'default'])
          equals(namespace, (await ca(client, namespace).get('kube-root-ca.crt')).data, {
            'ca.crt': 'the CA',
          });
      },
    },
  });
});

it('a Secret gets the token that it asks for, and goes with its account', async () => {
  const serviceAccountKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  const tokenOf = (name: string, account: string): Secret => ({
    metadata: { name, annotations: { 'kubernetes.io/service-account.name': account } },
    type: 'kubernetes.io/service-account-token',
  });
  const accounts = (client: Client) => client.resource(ServiceAccount).namespace('default');
  await explored(
    built(['legacy-serviceaccount-token-controller'], { serviceAccountKey, rootCa: () => 'the CA' }),
    {
      prepare: async (client) => {
        for (const name of ['stays', 'goes']) await accounts(client).create({ metadata: { name } });
      },
      steps: {
        'asks for two tokens': async (client) => {
          await secrets(client, 'default').create(tokenOf('one', 'stays'));
          await secrets(client, 'default').create(tokenOf('two', 'goes'));
        },
        'deletes an account': (client) => accounts(client).delete('goes'),
      },
      finally: {
        'one Secret is there, and filled': async (client) => {
          const { items } = await secrets(client, 'default').list();
          const found = items.map(({ metadata, data }) => [metadata.name, Object.keys(data ?? {}).sort()]);
          equals('secrets', found, [['one', ['ca.crt', 'namespace', 'token']]]);
        },
      },
    },
  );
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const bootstrapToken = (id: string, expiration: string): Secret => ({
  metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  data: {
    'token-id': base64(id),
    'token-secret': base64('0123456789abcdef'),
    expiration: base64(expiration),
    'usage-bootstrap-signing': base64('true'),
  },
});

it('bootstrap tokens go when they have expired', async () => {
  await explored(built(['token-cleaner-controller']), {
    steps: {
      'makes two tokens': async (client) => {
        await secrets(client, 'kube-system').create(bootstrapToken('aaaaaa', '2026-01-01T00:00:10Z'));
        await secrets(client, 'kube-system').create(bootstrapToken('bbbbbb', '2027-01-01T00:00:00Z'));
      },
    },
    finally: {
      'one is left': async (client) => {
        const { items } = await secrets(client, 'kube-system').list();
        equals(
          'tokens',
          items.map(({ metadata }) => metadata.name),
          ['bootstrap-token-bbbbbb'],
        );
      },
    },
  });
});

it('cluster-info is signed with the tokens that are good', async () => {
  const info = (client: Client) => client.resource(ConfigMap).namespace('kube-public');
  await explored(built(['bootstrap-signer-controller']), {
    steps: {
      'makes cluster-info': (client) =>
        info(client).create({ metadata: { name: 'cluster-info' }, data: { kubeconfig: 'one' } }),
      'makes a token': (client) =>
        secrets(client, 'kube-system').create(bootstrapToken('bbbbbb', '2027-01-01T00:00:00Z')),
      'makes another, and deletes the first': async (client) => {
        await secrets(client, 'kube-system').create(bootstrapToken('cccccc', '2027-01-01T00:00:00Z'));
        await secrets(client, 'kube-system').delete('bootstrap-token-bbbbbb');
      },
    },
    finally: {
      'it has one signature': async (client) => {
        const { data = {} } = await info(client).get('cluster-info');
        equals('keys', Object.keys(data).sort(), ['jws-kubeconfig-cccccc', 'kubeconfig']);
      },
    },
  });
});

it('a ClusterRole gathers the rules of others', async () => {
  const roles = (client: Client) => client.resource(ClusterRole);
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
  await explored(built(['clusterrole-aggregation-controller']), {
    steps: {
      'makes the role': (client) =>
        roles(client).create({
          metadata: { name: 'all' },
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'all' } }] },
        }),
      'makes a part': (client) =>
        roles(client).create({ metadata: { name: 'part', labels: { to: 'all' } }, rules: [rule('pods')] }),
      'changes it': (client) => roles(client).patchMerge('part', { rules: [rule('services')] }),
    },
    finally: {
      'the rules are those of the part': async (client) =>
        equals('rules', (await roles(client).get('all')).rules, [rule('services')]),
    },
  });
});

it('a quota says what is in use', async () => {
  const quotas = (client: Client) => client.resource(ResourceQuota).namespace('default');
  await explored(
    built(['resourcequota-controller']),
    {
      steps: {
        'makes a quota': (client) =>
          quotas(client).create({ metadata: { name: 'q' }, spec: { hard: { pods: '5' } } }),
        'makes two pods': async (client) => {
          for (const name of ['a', 'b']) await pods(client).create({ metadata: { name }, spec });
        },
        'deletes one': (client) => pods(client).delete('a', { gracePeriodSeconds: 0 }),
      },
      finally: {
        'one pod is counted': async (client) =>
          equals('used', (await quotas(client).get('q')).status?.used, { pods: '1' }),
      },
    },
    { restMs: 320_000 },
  );
});

it('a claim goes when no pod uses it any more, a volume when no claim does', async () => {
  const claims = (client: Client) => client.resource(PersistentVolumeClaim).namespace('default');
  const volumes = (client: Client) => client.resource(PersistentVolume);
  const size = { storage: '1Gi' };
  await explored(
    built(['persistentvolumeclaim-protection-controller', 'persistentvolume-protection-controller']),
    {
      prepare: async (client) => {
        await claims(client).create({
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: size } },
        });
        await volumes(client).create({
          metadata: { name: 'disk' },
          spec: { accessModes: ['ReadWriteOnce'], capacity: size, hostPath: { path: '/data' } },
        });
        await volumes(client).status.patchMerge('disk', { status: { phase: 'Bound' } });
        await pods(client).create({
          metadata: { name: 'user' },
          spec: {
            ...spec,
            nodeName: 'n1',
            volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
          },
        });
      },
      steps: {
        'deletes the claim and the volume': async (client) => {
          await claims(client).delete('data');
          await volumes(client).delete('disk');
        },
        'the pod ends and the volume is free': async (client) => {
          await pods(client).delete('user', { gracePeriodSeconds: 0 });
          await volumes(client).status.patchMerge('disk', { status: { phase: 'Released' } });
        },
      },
      always: {
        'what is in use stays': async (client) => {
          if ((await ifThere(pods(client).get('user'))) !== undefined) await claims(client).get('data');
        },
      },
      finally: {
        'both are gone': async (client) => {
          equals('claims', (await claims(client).list()).items.length, 0);
          equals('volumes', (await volumes(client).list()).items.length, 0);
        },
      },
    },
  );
});

it('a class of volumes goes when neither claims nor volumes have it', async () => {
  const claims = (client: Client) => client.resource(PersistentVolumeClaim).namespace('default');
  const classes = (client: Client) => client.resource(VolumeAttributesClass);
  await explored(built(['volumeattributesclass-protection-controller']), {
    prepare: async (client) => {
      for (const name of ['used', 'unused'])
        await classes(client).create({
          metadata: { name, finalizers: ['kubernetes.io/vac-protection'] },
          driverName: 'disks.example.dev',
          parameters: { iops: '100' },
        });
    },
    steps: {
      'makes a claim': (client) =>
        claims(client).create({
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
            volumeAttributesClassName: 'used',
          },
        }),
      'deletes both classes': async (client) => {
        for (const name of ['used', 'unused']) await classes(client).delete(name);
      },
      'the claim goes': (client) => claims(client).patchMerge('data', { metadata: { finalizers: null } }),
      'for good': (client) => ifThere(claims(client).delete('data')),
    },
    always: {
      'what is in use stays': async (client) => {
        if ((await ifThere(claims(client).get('data'))) !== undefined) await classes(client).get('used');
      },
    },
    finally: {
      'both are gone': async (client) => equals('classes', (await classes(client).list()).items.length, 0),
    },
  });
});

it('tokens of old that nobody uses are marked, and go a year later', async () => {
  const tokenOf = (name: string, labels: Record<string, string>): Secret => ({
    metadata: { name, labels, annotations: { 'kubernetes.io/service-account.name': 'old' } },
    type: 'kubernetes.io/service-account-token',
  });
  await explored(built(['legacy-serviceaccount-token-cleaner-controller']), {
    // What it makes is of two years before the controllers' time.
    server: { now: () => Date.UTC(2024, 0, 1) },
    prepare: async (client) => {
      await client
        .resource(ConfigMap)
        .namespace('kube-system')
        .apply(
          {
            metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking' },
            data: { since: '2024-01-01' },
          },
          { force: true },
        );
      await client
        .resource(ServiceAccount)
        .namespace('default')
        .create({ metadata: { name: 'old' }, secrets: [{ name: 'fresh' }, { name: 'marked' }] });
    },
    steps: {
      'two tokens are there': async (client) => {
        await secrets(client, 'default').create(tokenOf('fresh', {}));
        await secrets(client, 'default').create(
          tokenOf('marked', { 'kubernetes.io/legacy-token-invalid-since': '2024-02-01' }),
        );
      },
    },
    finally: {
      'one is left, and marked': async (client) => {
        const { items } = await secrets(client, 'default').list();
        const found = items.map(({ metadata }) => [metadata.name, metadata.labels]);
        equals('secrets', found, [['fresh', { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' }]]);
      },
    },
  });
});
