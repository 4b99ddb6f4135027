import { defineKind, isForbidden, type KubernetesObject } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { ConfigMap, Namespace, ResourceQuota } from '@kubewright/api/core/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const group = 'gc.example.com';
const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
const Owner = defineKind({ group, version: 'v1', kind: 'Owner', schema });
const ClusterOwner = defineKind({ group, version: 'v1', kind: 'ClusterOwner', scope: 'Cluster', schema });

/** Custom resources as owners and as what is owned, in quotas and in namespaces that go. */
describe('custom resources', () => {
  let server: TestServer;
  const until = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 20 });
  const owners = (namespace = 'default') => server.client.resource(Owner).namespace(namespace);
  const maps = () => server.client.resource(ConfigMap).namespace('default');
  const ownedBy = (kind: typeof Owner | typeof ClusterOwner, { metadata }: KubernetesObject) => [
    {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      name: metadata.name ?? '',
      uid: metadata.uid ?? '',
      blockOwnerDeletion: true,
    },
  ];
  const there = async () => {
    const [custom, builtin] = await Promise.all([owners().list(), maps().list()]);
    return [...custom.items, ...builtin.items].map(({ metadata }) => metadata.name);
  };

  beforeAll(async () => {
    server = await startTestServer({
      controllers: ['garbage-collector-controller', 'namespace-controller', 'resourcequota-controller'],
    });
    const definitions = server.client.resource(CustomResourceDefinition);
    for (const { plural, kind, scope } of [Owner, ClusterOwner]) {
      const name = `${plural}.${group}`;
      const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }];
      await definitions.create({
        metadata: { name },
        spec: { group, scope, names: { plural, kind }, versions },
      });
      await definitions.waitFor(name, (found) =>
        (found?.status?.conditions ?? []).some(
          ({ type, status }) => type === 'Established' && status === 'True',
        ),
      );
    }
  });
  afterAll(() => server.close());

  it.each(['Background', 'Foreground'] as const)(
    'are collected with what they own (%s)',
    async (propagationPolicy) => {
      const owner = await owners().create({ metadata: { name: 'owner' } });
      const ownerReferences = ownedBy(Owner, owner);
      const child = await owners().create({ metadata: { name: 'child', ownerReferences } });
      await maps().create({ metadata: { name: 'grandchild', ownerReferences: ownedBy(Owner, child) } });
      await owners().delete('owner', { propagationPolicy });
      await until(async () => expect(await there()).toEqual([]));
    },
  );

  it('leave what they own where they are asked to', async () => {
    const owner = await owners().create({ metadata: { name: 'owner' } });
    const ownerReferences = ownedBy(Owner, owner);
    await owners().create({ metadata: { name: 'child', ownerReferences } });
    await maps().create({ metadata: { name: 'map', ownerReferences } });
    await owners().delete('owner', { propagationPolicy: 'Orphan' });
    await owners().waitFor('owner', (found) => found === undefined);
    expect(await there()).toEqual(['child', 'map']);
    expect((await owners().get('child')).metadata.ownerReferences).toBeUndefined();
    await owners().delete('child');
    await maps().delete('map');
  });

  it('of the cluster own what is in namespaces', async () => {
    const owner = await server.client.resource(ClusterOwner).create({ metadata: { name: 'whole' } });
    await owners().create({ metadata: { name: 'child', ownerReferences: ownedBy(ClusterOwner, owner) } });
    await server.client.resource(ClusterOwner).delete('whole');
    await until(async () => expect(await there()).toEqual([]));
  });

  it('whose owner is not there go', async () => {
    const uid = '11111111-1111-1111-1111-111111111111';
    const ghost = { metadata: { name: 'none', uid } };
    await owners().create({ metadata: { name: 'child', ownerReferences: ownedBy(Owner, ghost) } });
    await until(async () => expect(await there()).toEqual([]));
  });

  it('are counted by a quota, and hold a namespace by their finalizers', async () => {
    await server.client.resource(Namespace).create({ metadata: { name: 'small' } });
    const quotas = server.client.resource(ResourceQuota).namespace('small');
    const count = `count/${Owner.plural}.${group}`;
    await quotas.create({ metadata: { name: 'one' }, spec: { hard: { [count]: '1' } } });
    await quotas.waitFor('one', (found) => found?.status?.used?.[count] === '0');
    await owners('small').create({ metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    const refused = await owners('small')
      .create({ metadata: { name: 'more' } })
      .catch((error: unknown) => error);
    expect(isForbidden(refused)).toBe(true);

    const namespaces = server.client.resource(Namespace);
    await namespaces.delete('small');
    const remaining = await namespaces.waitFor('small', (found) =>
      (found?.status?.conditions ?? []).some(
        ({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True',
      ),
    );
    const messages = remaining?.status?.conditions?.map(({ message }) => message);
    expect(messages).toContain(
      'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    );
    await owners('small').patchMerge('held', { metadata: { finalizers: null } } as never);
    await namespaces.waitFor('small', (found) => found === undefined);
  });
});
