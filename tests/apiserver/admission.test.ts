import { Deployment } from '@kubewright/api/apps/v1';
import { LocalSubjectAccessReview } from '@kubewright/api/authorization/v1';
import type { Scale } from '@kubewright/api/autoscaling/v1';
import { ConfigMap, Namespace, Pod } from '@kubewright/api/core/v1';
import { type AdmissionPlugin, refusal } from '@kubewright/apiserver';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const watched = ['pods', 'configmaps', 'deployments', 'localsubjectaccessreviews'];

/** What admission was asked, a line each. */
const asked: string[] = [];
const recorder: AdmissionPlugin = {
  name: 'Recorder',
  handles: ({ resource }) => watched.includes(resource.rules.kind.plural),
  admit(request) {
    const { operation, resource, subresource, name, kind, dryRun, user } = request;
    const at =
      subresource === '' ? resource.rules.kind.plural : `${resource.rules.kind.plural}/${subresource}`;
    const options = (request.options as { kind?: string } | undefined)?.kind ?? 'none';
    const old = request.oldObject === undefined ? '' : ' over an old one';
    asked.push(
      `${user.name}: ${operation} ${at} "${name}" ${kind.kind} ${options}${dryRun ? ' dry' : ''}${old}`,
    );
  },
  validate(request) {
    request.warn('recorded');
    if (request.object?.metadata.labels?.refuse === 'yes') throw refusal(request, 'it asks for it');
  },
};

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer({ admission: [recorder] });
});
afterAll(() => api.close());

const container = { name: 'main', image: 'x', command: ['true'] };
async function recorded(run: () => Promise<unknown>): Promise<string[]> {
  asked.length = 0;
  await run();
  return [...asked];
}

describe('admission', () => {
  it('is asked about every kind of write, with what is written', async () => {
    const maps = api.client.resource(ConfigMap).namespace('default');
    expect(await recorded(() => maps.create({ metadata: { name: 'a' } }))).toEqual([
      'admin: CREATE configmaps "a" ConfigMap CreateOptions',
    ]);
    expect(await recorded(() => maps.create({ metadata: { generateName: 'b-' } }))).toEqual([
      'admin: CREATE configmaps "" ConfigMap CreateOptions',
    ]);
    expect(await recorded(() => maps.create({ metadata: { name: 'dry' } }, { dryRun: true }))).toEqual([
      'admin: CREATE configmaps "dry" ConfigMap CreateOptions dry',
    ]);
    expect(await recorded(() => maps.patchMerge('a', { data: { k: 'v' } }))).toEqual([
      'admin: UPDATE configmaps "a" ConfigMap UpdateOptions over an old one',
    ]);
    expect(await recorded(() => maps.delete('a'))).toEqual([
      'admin: DELETE configmaps "a" ConfigMap DeleteOptions over an old one',
    ]);
    expect(await recorded(() => maps.deleteCollection())).toContain(
      'admin: DELETE configmaps "" ConfigMap DeleteOptions over an old one',
    );
  });

  it('is asked about the body of a subresource, and not about what that does inside', async () => {
    const pods = api.client.resource(Pod).namespace('default');
    await pods.create({ metadata: { name: 'p' }, spec: { containers: [container] } });
    expect(await recorded(() => pods.bind('p', 'n'))).toEqual([
      'admin: CREATE pods/binding "p" Binding CreateOptions',
    ]);
    expect(await recorded(() => pods.evict('p'))).toEqual([
      'admin: CREATE pods/eviction "p" Eviction CreateOptions',
    ]);
    const deployments = api.client.resource(Deployment).namespace('default');
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } };
    await deployments.create({
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: { a: 'b' } }, template },
    });
    expect(await recorded(() => deployments.scale.patchMerge('d', { spec: { replicas: 3 } }))).toEqual([
      'admin: UPDATE deployments/scale "d" Scale UpdateOptions over an old one',
    ]);
  });

  it('is asked about a scale that is applied, and about its own form', async () => {
    const deployments = api.client.resource(Deployment).namespace('default');
    const apply = (replicas: number) =>
      deployments.subresource<Scale>('scale').apply(
        {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { name: 'd' },
          spec: { replicas },
        } as never,
        { fieldManager: 'me', force: true },
      );
    expect(await recorded(() => apply(4))).toEqual([
      'admin: UPDATE deployments/scale "d" Scale UpdateOptions over an old one',
    ]);
    expect((await deployments.get('d')).spec?.replicas).toBe(4);
  });

  it('is asked about questions, though of a namespace that is not there', async () => {
    const review = {
      metadata: { namespace: 'nowhere' },
      spec: { user: 'jane', resourceAttributes: { namespace: 'nowhere', verb: 'get', resource: 'pods' } },
    };
    const ask = () => api.client.resource(LocalSubjectAccessReview).namespace('nowhere').create(review);
    expect(await recorded(ask)).toEqual([
      'admin: CREATE localsubjectaccessreviews "" LocalSubjectAccessReview CreateOptions',
    ]);
  });

  it('refuses in words of the API', async () => {
    const maps = api.client.resource(ConfigMap).namespace('default');
    const refused = maps.create({ metadata: { name: 'no', labels: { refuse: 'yes' } } });
    await expect(refused).rejects.toThrow('configmaps "no" is forbidden: it asks for it');
  });

  it('owns none of the fields that it adds', async () => {
    const labels: AdmissionPlugin = {
      name: 'Labels',
      handles: ({ operation }) => operation === 'CREATE',
      admit: ({ object }) => {
        if (object !== undefined) object.metadata.labels = { added: 'yes' };
      },
    };
    const { client, close } = await startTestServer({ admission: [labels] });
    const map = await client
      .resource(ConfigMap)
      .namespace('default')
      .create({ metadata: { name: 'a' }, data: { k: 'v' } });
    expect(map.metadata.labels).toEqual({ added: 'yes' });
    expect(JSON.stringify(map.metadata.managedFields)).not.toContain('added');
    await close();
  });

  it('lets nothing be written in a namespace that is not there', async () => {
    const maps = api.client.resource(ConfigMap).namespace('nowhere');
    const missing = 'namespaces "nowhere" not found';
    await expect(maps.create({ metadata: { name: 'a' } })).rejects.toThrow(missing);
    const namespaces = api.client.resource(Namespace);
    await expect(namespaces.delete('default')).rejects.toThrow(
      'namespaces "default" is forbidden: this namespace may not be deleted',
    );
  });
});
