import { Deployment } from '@kubewright/api/apps/v1';
import { Node, Pod, Service, ServiceAccount } from '@kubewright/api/core/v1';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyStrategicMergePatch, leftOfPatch } from './strategic-merge.js';

const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec });
const patchSpec = (spec: object, patch: object) =>
  (applyStrategicMergePatch(pod(spec), { spec: patch }, Pod.schema) as { spec: unknown }).spec;

type Case = [name: string, original: object, patch: object, result: object];

const cases: Case[] = [
  [
    'merges containers by name and keeps the others',
    {
      containers: [
        { name: 'a', image: 'x:1', env: [{ name: 'K', value: '1' }] },
        { name: 'b', image: 'y' },
      ],
    },
    { containers: [{ name: 'a', image: 'x:2', env: [{ name: 'L', value: '2' }] }] },
    {
      containers: [
        {
          name: 'a',
          image: 'x:2',
          env: [
            { name: 'L', value: '2' },
            { name: 'K', value: '1' },
          ],
        },
        { name: 'b', image: 'y' },
      ],
    },
  ],
  [
    // The page "Update API objects in place using kubectl patch".
    'adds a container, first as the patch lists it',
    { containers: [{ name: 'patch-demo-ctr', image: 'nginx' }] },
    { containers: [{ name: 'patch-demo-ctr-2', image: 'redis' }] },
    {
      containers: [
        { name: 'patch-demo-ctr-2', image: 'redis' },
        { name: 'patch-demo-ctr', image: 'nginx' },
      ],
    },
  ],
  [
    'replaces lists without a merge strategy',
    {
      tolerations: [{ key: 'dedicated', effect: 'NoSchedule' }],
      containers: [{ name: 'a', command: ['x', 'y'] }],
    },
    { tolerations: [{ key: 'disktype', effect: 'NoSchedule' }], containers: [{ name: 'a', command: ['z'] }] },
    { tolerations: [{ key: 'disktype', effect: 'NoSchedule' }], containers: [{ name: 'a', command: ['z'] }] },
  ],
  [
    'deletes an item with $patch: delete',
    { containers: [{ name: 'a' }, { name: 'b' }] },
    { containers: [{ name: 'a', $patch: 'delete' }] },
    { containers: [{ name: 'b' }] },
  ],
  [
    'replaces a list with $patch: replace',
    { containers: [{ name: 'a', image: 'x' }, { name: 'b' }] },
    { containers: [{ name: 'c' }, { $patch: 'replace' }] },
    { containers: [{ name: 'c' }] },
  ],
  [
    'replaces a map with $patch: replace and empties one with $patch: delete',
    { securityContext: { runAsUser: 1, fsGroup: 2 }, affinity: { nodeAffinity: {} } },
    { securityContext: { $patch: 'replace', fsGroup: 3 }, affinity: { $patch: 'delete' } },
    { securityContext: { fsGroup: 3 }, affinity: {} },
  ],
  [
    'deletes a member with null',
    { nodeName: 'n', hostname: 'h' },
    { nodeName: null, subdomain: null },
    { hostname: 'h' },
  ],
  [
    'merges maps, atomic ones too',
    { nodeSelector: { a: '1', b: '2' } },
    { nodeSelector: { a: '3', b: null } },
    { nodeSelector: { a: '3' } },
  ],
  [
    'keeps only what $retainKeys lists',
    { volumes: [{ name: 'v', emptyDir: {} }] },
    { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] },
    { volumes: [{ name: 'v', configMap: { name: 'c' } }] },
  ],
  [
    'orders a list as $setElementOrder says, what it does not name where it stood',
    { containers: [{ name: 'a' }, { name: 'live' }, { name: 'b' }] },
    {
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }, { name: 'c' }],
      containers: [{ name: 'c' }],
    },
    { containers: [{ name: 'live' }, { name: 'b' }, { name: 'a' }, { name: 'c' }] },
  ],
  [
    'orders a list that the patch does not change',
    { containers: [{ name: 'a' }, { name: 'b' }] },
    { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
    { containers: [{ name: 'b' }, { name: 'a' }] },
  ],
  [
    'takes what stands where nothing was, without nulls and directives',
    {},
    {
      containers: [
        {
          name: 'a',
          image: null,
          '$setElementOrder/env': [{ name: 'K' }],
          env: [{ name: 'K' }, { name: 'L', $patch: 'delete' }],
        },
      ],
      securityContext: { $patch: 'delete' },
    },
    { containers: [{ name: 'a', env: [{ name: 'K' }] }] },
  ],
];

describe('applyStrategicMergePatch', () => {
  it.each(cases)('%s', (_name, original, patch, result) => {
    const before = structuredClone([original, patch]);
    expect(patchSpec(original, patch)).toEqual(result);
    expect([original, patch]).toEqual(before);
  });

  it('merges lists of primitives, and takes out what $deleteFromPrimitiveList names', () => {
    const object = { metadata: { name: 'a', finalizers: ['a', 'b', 'c'] } };
    expect(applyStrategicMergePatch(object, { metadata: { finalizers: ['d', 'b'] } }, Pod.schema)).toEqual({
      metadata: { name: 'a', finalizers: ['d', 'a', 'b', 'c'] },
    });
    expect(
      applyStrategicMergePatch(
        object,
        {
          metadata: {
            '$deleteFromPrimitiveList/finalizers': ['a'],
            '$setElementOrder/finalizers': ['c', 'd', 'b'],
            finalizers: ['d'],
          },
        },
        Pod.schema,
      ),
    ).toEqual({ metadata: { name: 'a', finalizers: ['c', 'd', 'b'] } });
  });

  it('goes by the merge key of each list: ports by port, secrets by name, conditions by type', () => {
    expect(
      applyStrategicMergePatch(
        { spec: { ports: [{ port: 80, name: 'a' }] } },
        { spec: { ports: [{ port: 80, targetPort: 8080 }] } },
        Service.schema,
      ),
    ).toEqual({ spec: { ports: [{ port: 80, name: 'a', targetPort: 8080 }] } });
    expect(
      applyStrategicMergePatch(
        { secrets: [{ name: 'a' }] },
        { secrets: [{ name: 'b' }] },
        ServiceAccount.schema,
      ),
    ).toEqual({ secrets: [{ name: 'b' }, { name: 'a' }] });
    expect(
      applyStrategicMergePatch(
        {
          status: {
            conditions: [
              { type: 'Ready', status: 'True' },
              { type: 'DiskPressure', status: 'False' },
            ],
          },
        },
        {
          status: {
            '$setElementOrder/conditions': [{ type: 'Ready' }, { type: 'DiskPressure' }],
            conditions: [{ type: 'DiskPressure', status: 'True' }],
          },
        },
        Node.schema,
      ),
    ).toEqual({
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'DiskPressure', status: 'True' },
        ],
      },
    });
  });

  it('changes a strategy as the documentation of retainKeys shows', () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '30%' } };
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    expect(applyStrategicMergePatch({ spec: { strategy } }, patch, Deployment.schema)).toEqual({
      spec: { strategy: { type: 'Recreate' } },
    });
  });

  const errors: [name: string, patch: object, code: number, message: string | RegExp][] = [
    [
      'an item without its key',
      { containers: [{ image: 'x' }] },
      500,
      'map: map[image:x] does not contain declared merge key: name',
    ],
    ['an unknown directive', { $patch: 'x' }, 500, 'unknown patch type: x in map: map[$patch:x]'],
    [
      'a merge directive in a list',
      { containers: [{ name: 'a', $patch: 'merge' }] },
      500,
      'merging lists cannot yet be specified in the patch',
    ],
    ['items of two types', { containers: ['x'] }, 500, /^list element types are not identical/],
    [
      '$retainKeys without what the patch sets',
      { $retainKeys: ['containers'], nodeName: 'x' },
      400,
      'invalid patch format of retainKeys',
    ],
    [
      'a $setElementOrder of the wrong form',
      { '$setElementOrder/containers': { name: 'a' } },
      500,
      'expected a []interface {}, but received a map[string]interface {}',
    ],
    [
      'an order without what the patch adds',
      { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'c' }] },
      500,
      /^The order in patch list/,
    ],
    [
      'a directive without a field',
      { $deleteFromPrimitiveListcontainers: [] },
      400,
      'invalid patch format of primitive list',
    ],
  ];
  it.each(errors)('refuses %s', (_name, patch, code, message) => {
    const run = () => patchSpec({ containers: [{ name: 'a' }] }, patch);
    expect(run).toThrow(message);
    expect(run).toThrow(expect.objectContaining({ code }));
  });

  it('is idempotent, and what it merges holds the patch', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const container = fc.record({ name: names, image: fc.string() });
    const list = fc.uniqueArray(container, { selector: ({ name }) => name });
    fc.assert(
      fc.property(list, list, (original, containers) => {
        const once = patchSpec({ containers: original }, { containers }) as {
          containers: { name: string }[];
        };
        expect(patchSpec(once, { containers })).toEqual(once);
        for (const item of containers) expect(once.containers).toContainEqual(item);
        for (const { name } of original) expect(once.containers.map((one) => one.name)).toContain(name);
      }),
    );
  });
});

it('shows of a patch what is not used up', () => {
  const patch = {
    spec: {
      strategy: { $retainKeys: ['type'], type: 'Recreate' },
      '$setElementOrder/containers': [{ name: 'a' }],
      containers: [{ name: 'a' }],
      volumes: [{ $patch: 'delete', name: 'v' }],
    },
  };
  expect(leftOfPatch(patch)).toEqual({
    spec: { strategy: { type: 'Recreate' }, volumes: [{ $patch: 'delete', name: 'v' }] },
  });
});
