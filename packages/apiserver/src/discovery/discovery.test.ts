import { defineKind } from '@kubewright/api';
import { builtinKinds } from '@kubewright/api/builtin';
import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from '../encoding/protobuf.js';
import { createDiscovery } from './discovery.js';
import { compareVersions } from './group-order.js';

const Widget = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  shortNames: ['wd'],
  categories: ['all'],
  subresources: { status: true, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
  schema: { type: 'object' } as const,
});
const kinds = [...builtinKinds, { ...Widget, isCustom: true }];
const discovery = createDiscovery(kinds, '10.0.0.1:6443');
// biome-ignore lint/suspicious/noExplicitAny: documents are looked into freely here
const get = (path: string, accept?: string): any => {
  const document = discovery.document(path, accept);
  return document === undefined ? undefined : JSON.parse(document.body.toString());
};
const kubectlAccept =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

describe('the aggregated documents in protobuf', () => {
  it('say what the JSON says', () => {
    const form = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const document = discovery.document(
      '/apis',
      `application/vnd.kubernetes.protobuf${form},application/json`,
    );
    expect(document?.contentType).toBe(`application/vnd.kubernetes.protobuf${form}`);
    const { object } = decodeProtobuf(document?.body ?? Buffer.alloc(0));
    const json = get('/apis', `application/json${form}`);
    expect(document?.etag).toBe(discovery.document('/apis', `application/json${form}`)?.etag);
    // Which empty values JSON shows is left to whoever reads the protobuf.
    const withoutEmpty = (value: unknown) =>
      JSON.parse(JSON.stringify(value, (_, member) => (member === '' ? undefined : member)));
    expect(withoutEmpty({ metadata: {}, ...object })).toEqual(withoutEmpty(json));
  });

  it('are not sent to who asks for plain protobuf', () => {
    expect(discovery.document('/apis', 'application/vnd.kubernetes.protobuf')?.contentType).toBe(
      'application/json',
    );
  });
});

describe('the plain documents', () => {
  it('name the versions of the core group and how to reach the server', () => {
    expect(get('/api')).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' }],
    });
  });

  it('list the groups in order of priority, third parties last, the preferred version first', () => {
    const { groups } = get('/apis');
    const names = groups.map((group: { name: string }) => group.name);
    expect(names.slice(0, 3)).toEqual(['apiregistration.k8s.io', 'apps', 'events.k8s.io']);
    expect(names.at(-1)).toBe('example.dev');
    expect(get('/apis/autoscaling')).toEqual({
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'autoscaling',
      versions: [
        { groupVersion: 'autoscaling/v2', version: 'v2' },
        { groupVersion: 'autoscaling/v1', version: 'v1' },
      ],
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
    });
  });

  it('list resources and subresources, sorted', () => {
    const list = get('/apis/example.dev/v1');
    expect(list).toMatchObject({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'example.dev/v1' });
    expect(list.resources).toEqual([
      {
        name: 'widgets',
        singularName: 'widget',
        namespaced: true,
        kind: 'Widget',
        verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
        shortNames: ['wd'],
        categories: ['all'],
        storageVersionHash: expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/),
      },
      {
        name: 'widgets/status',
        singularName: '',
        namespaced: true,
        kind: 'Widget',
        verbs: ['get', 'patch', 'update'],
      },
      {
        name: 'widgets/scale',
        singularName: '',
        namespaced: true,
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get', 'patch', 'update'],
      },
    ]);
    const core = get('/api/v1').resources as { name: string; storageVersionHash?: string }[];
    expect(core.map(({ name }) => name)).toContain('pods/log');
    // The hash that every cluster shows for pods.
    expect(core.find(({ name }) => name === 'pods')?.storageVersionHash).toBe('xPOwRZ+Yhw8=');
    expect(core.find(({ name }) => name === 'bindings')?.storageVersionHash).toBeUndefined();
  });

  it('are absent for what is not served', () => {
    for (const path of ['/apis/nothing', '/apis/apps/v9', '/api/v9', '/apis/apps/v1/x', '/other'])
      expect(get(path)).toBeUndefined();
  });
});

describe('the aggregated documents', () => {
  it('are answered in the first form that is accepted', () => {
    expect(discovery.document('/apis', kubectlAccept)?.contentType).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    const beta = 'application/json;as=APIGroupDiscoveryList;v=v2beta1;g=apidiscovery.k8s.io,application/json';
    // A version that 1.36 has no more.
    expect(get('/apis', beta).kind).toBe('APIGroupList');
    expect(get('/apis', 'application/json').kind).toBe('APIGroupList');
    expect(get('/apis/apps/v1', kubectlAccept).kind).toBe('APIResourceList');
  });

  it('hold the resources with their subresources', () => {
    const { items } = get('/apis', kubectlAccept);
    expect(items.at(-1)).toEqual({
      metadata: { name: 'example.dev' },
      versions: [
        {
          version: 'v1',
          freshness: 'Current',
          resources: [
            {
              resource: 'widgets',
              responseKind: { group: 'example.dev', version: 'v1', kind: 'Widget' },
              scope: 'Namespaced',
              singularResource: 'widget',
              verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
              shortNames: ['wd'],
              categories: ['all'],
              subresources: [
                {
                  subresource: 'status',
                  responseKind: { group: 'example.dev', version: 'v1', kind: 'Widget' },
                  verbs: ['get', 'patch', 'update'],
                },
                {
                  subresource: 'scale',
                  responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
                  verbs: ['get', 'patch', 'update'],
                },
              ],
            },
          ],
        },
      ],
    });
    expect(get('/api', kubectlAccept).items).toHaveLength(1);
  });

  it('have the ETag that kube-apiserver 1.36.3 gives its core group', () => {
    expect(discovery.document('/api', kubectlAccept)?.etag).toMatch(/^"4D7E1BED90B364BC86049DD/);
  });

  it('carry an ETag that changes with the kinds only', () => {
    const etag = discovery.document('/apis', kubectlAccept)?.etag;
    expect(etag).toMatch(/^"[0-9A-F]{128}"$/);
    const same = createDiscovery(kinds, 'elsewhere:1');
    expect(same.document('/apis', kubectlAccept)?.etag).toBe(etag);
    const less = createDiscovery(builtinKinds, 'elsewhere:1');
    expect(less.document('/apis', kubectlAccept)?.etag).not.toBe(etag);
  });
});

it('sorts versions as Kubernetes prefers them', () => {
  const versions = [
    'foo1',
    'v1alpha1',
    'v10',
    'v2',
    'v11alpha2',
    'v1',
    'v12alpha1',
    'v3beta1',
    'foo10',
    'v11beta2',
    'v10beta3',
  ];
  expect(versions.sort(compareVersions)).toEqual([
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v10beta3',
    'v3beta1',
    'v12alpha1',
    'v11alpha2',
    'v1alpha1',
    'foo1',
    'foo10',
  ]);
});
