import { alreadyExists, type Kind, type KubernetesObject } from '@kubewright/api';
import type { Service, ServiceSpec } from '@kubewright/api/core/v1';
import { expect, test } from 'vitest';
import type { WriteContext } from '../registry/write-context.js';
import type { FieldError } from '../validation/field-error.js';
import { AddressRange } from './service/address-range.js';
import { serviceRules } from './service.js';
import { testContext } from './test-context.js';

/** A store of claims: what concurrent creates meet in. */
function contextWith(ranges: Partial<WriteContext['serviceRanges']> = {}) {
  const objects = new Map<string, KubernetesObject>();
  const clock = { ms: testContext.now() };
  let uids = 0;
  const keyOf = (kind: Kind, namespace: string, name: string) => `${kind.plural}/${namespace}/${name}`;
  const context: WriteContext = {
    ...testContext,
    now: () => clock.ms,
    serviceRanges: { ...testContext.serviceRanges, ...ranges },
    objects: {
      ...testContext.objects,
      get: async <T extends KubernetesObject>(kind: Kind<T>, namespace: string, name: string) =>
        objects.get(keyOf(kind, namespace, name)) as T | undefined,
      list: async <T extends KubernetesObject>(kind: Kind<T>) =>
        [...objects].filter(([key]) => key.startsWith(`${kind.plural}/`)).map(([, object]) => object as T),
      create: async <T extends KubernetesObject>(kind: Kind<T>, object: T) => {
        const key = keyOf(kind, object.metadata.namespace ?? '', object.metadata.name ?? '');
        if (objects.has(key)) throw alreadyExists(kind, object.metadata.name ?? '');
        object.metadata.creationTimestamp = new Date(clock.ms).toISOString();
        object.metadata.uid = String(uids++);
        objects.set(key, object);
        return object;
      },
      delete: async (kind, namespace, name, uid) => {
        const key = keyOf(kind as Kind, namespace, name);
        if (uid === undefined || objects.get(key)?.metadata.uid === uid) objects.delete(key);
      },
    },
  };
  return { context, objects, clock };
}

function service(spec: ServiceSpec = {}, name = 'web'): Service {
  const made: Service = {
    metadata: { name, namespace: 'default' },
    spec: { ports: [{ port: 80 }], ...spec },
  };
  serviceRules.default?.(made);
  return made;
}

async function created(spec: ServiceSpec, context: WriteContext, name = 'web'): Promise<Service> {
  const made = service(spec, name);
  serviceRules.prepareForCreate?.(made, context);
  await serviceRules.allocate?.(made, undefined, context);
  return made;
}

async function updated(old: Service, spec: ServiceSpec, context: WriteContext): Promise<Service> {
  const made = structuredClone(old);
  made.spec = { ...structuredClone(old.spec), ...spec };
  serviceRules.default?.(made);
  serviceRules.prepareForUpdate?.(made, old, context);
  await serviceRules.allocate?.(made, old, context);
  await serviceRules.releaseUnused?.(made, old, context);
  return made;
}

function said(errors: FieldError[] | undefined): string[] {
  return (errors ?? []).map(({ field, message }) => `${field}: ${message}`);
}

test('a service gets its defaults and an address', async () => {
  const { context, objects } = contextWith();
  const made = await created({}, context);
  expect(made.spec).toMatchObject({
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
  });
  expect(made.spec?.clusterIPs).toEqual([made.spec?.clusterIP]);
  expect(made.spec?.clusterIP).toMatch(/^10\./);
  expect(objects.get(`ipaddresses//${made.spec?.clusterIP}`)).toMatchObject({
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
  });
  expect(said(serviceRules.validateCreate?.(made, testContext))).toEqual([]);
  await serviceRules.release?.(made, context);
  expect(objects.size).toBe(0);
});

test('a small range is given out to the last address, and never twice', async () => {
  const { context, objects } = contextWith({ clusterIPs: ['10.0.0.0/28'] });
  const all = await Promise.all(Array.from({ length: 14 }, (_, index) => created({}, context, `s${index}`)));
  expect(new Set(all.map(({ spec }) => spec?.clusterIP)).size).toBe(14);
  expect(objects.size).toBe(14);
  await expect(created({}, context, 'one-more')).rejects.toThrow('range is full');
});

test('a wanted address is taken once', async () => {
  const { context } = contextWith();
  await created({ clusterIP: '10.96.0.10' }, context);
  await expect(created({ clusterIP: '10.96.0.10' }, context, 'other')).rejects.toThrow(
    'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
  );
  await expect(created({ clusterIP: '192.168.0.1' }, context, 'other')).rejects.toThrow(
    'failed to allocate IP 192.168.0.1: the provided network does not match the current range',
  );
});

test('what a write that never ended had taken is free after a minute', async () => {
  const { context, objects } = contextWith();
  const lost = await created(
    { type: 'NodePort', clusterIP: '10.96.0.10', ports: [{ port: 80, nodePort: 30_080 }] },
    context,
  );
  const wanted = { type: 'NodePort', clusterIP: '10.96.0.10', ports: [{ port: 80, nodePort: 30_080 }] };
  await expect(created(wanted, context, 'other')).rejects.toThrow('provided IP is already allocated');
  const later = { ...context, now: () => testContext.now() + 61_000 };
  expect((await created(wanted, later, 'other')).spec?.clusterIP).toBe('10.96.0.10');
  // The late release of the first must not take from the second.
  await serviceRules.release?.(lost, later);
  expect([...objects.keys()].sort()).toEqual([
    'ipaddresses//10.96.0.10',
    'leases/kube-system/node-port-30080',
  ]);
});

test.each<[string, ServiceSpec]>([
  ['an address', { clusterIP: '10.96.0.10' }],
  ['a node port', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] }],
])('%s that a crash left goes to one of two who find it at the same time', async (_what, spec) => {
  const { context, clock } = contextWith();
  await created(spec, context, 'lost');
  clock.ms += 120_000;
  let first: Promise<Service> | undefined;
  // While the second still looks at it, the first takes it.
  const get: WriteContext['objects']['get'] = async (kind, namespace, name) => {
    const found = await context.objects.get(kind, namespace, name);
    first ??= created(spec, context, 'first');
    await first;
    return found;
  };
  const second = created(spec, { ...context, objects: { ...context.objects, get } }, 'second');
  await expect(second).rejects.toThrow('is already allocated');
  await expect(first).resolves.toMatchObject({ spec });
});

test('headless and external services take nothing', async () => {
  const { context, objects } = contextWith();
  const headless = await created({ clusterIP: 'None', selector: { app: 'web' } }, context);
  expect(headless.spec).toMatchObject({ clusterIPs: ['None'], ipFamilies: ['IPv4'] });
  const external = await created({ type: 'ExternalName', externalName: 'example.com', ports: [] }, context);
  expect(external.spec).not.toHaveProperty('clusterIP');
  expect(said(serviceRules.validateCreate?.(external, testContext))).toEqual([]);
  expect(objects.size).toBe(0);
});

test('node ports are taken, shared between protocols, and given back', async () => {
  const { context, objects } = contextWith();
  const ports = [
    { name: 'a', port: 53, protocol: 'UDP' },
    { name: 'b', port: 53, protocol: 'TCP' },
    { name: 'c', port: 80, nodePort: 30_080 },
  ];
  const made = await created({ type: 'NodePort', ports }, context);
  const [udp, tcp, http] = made.spec?.ports ?? [];
  expect(udp?.nodePort).toBeGreaterThanOrEqual(30_000);
  expect(tcp?.nodePort).toBe(udp?.nodePort);
  expect(http?.nodePort).toBe(30_080);
  await expect(
    created({ type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] }, context, 'other'),
  ).rejects.toThrow('spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated');
  await expect(
    created({ type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }, context, 'other'),
  ).rejects.toThrow('provided port is not in the valid range. The range of valid ports is 30000-32767');
  // What a refused create had taken is free again.
  expect(objects.size).toBe(3);
  const plain = await updated(made, { type: 'ClusterIP' }, context);
  expect(plain.spec?.ports?.map(({ nodePort }) => nodePort)).toEqual([undefined, undefined, undefined]);
  expect(plain.spec?.clusterIP).toBe(made.spec?.clusterIP);
  expect(objects.size).toBe(1);
});

test('an update that leaves addresses and ports out keeps them', async () => {
  const { context } = contextWith();
  const made = await created({ type: 'NodePort' }, context);
  const next = await updated(
    made,
    { clusterIP: undefined, clusterIPs: undefined, ports: [{ port: 80, targetPort: 8080 }] },
    context,
  );
  expect(next.spec?.clusterIP).toBe(made.spec?.clusterIP);
  expect(next.spec?.ports?.[0]?.nodePort).toBe(made.spec?.ports?.[0]?.nodePort);
  expect(said(serviceRules.validateUpdate?.(next, made, testContext))).toEqual([]);
  const external = await updated(made, { type: 'ExternalName', externalName: 'example.com' }, context);
  expect(external.spec?.clusterIP).toBeUndefined();
  expect(said(serviceRules.validateCreate?.(external, testContext))).toEqual([]);
});

test('an address does not change', async () => {
  const { context } = contextWith();
  const made = await created({ clusterIP: '10.96.0.10' }, context);
  const next = structuredClone(made);
  next.spec = { ...next.spec, clusterIP: '10.96.0.11', clusterIPs: ['10.96.0.11'] };
  expect(said(serviceRules.validateUpdate?.(next, made, testContext))).toEqual([
    'spec.clusterIPs[0]: Invalid value: ["10.96.0.11"]: may not change once set',
  ]);
});

const both = { clusterIPs: ['10.96.0.0/16', 'fd00:1::/108'] };
const pair = { ipFamilyPolicy: 'RequireDualStack', clusterIP: '10.96.0.10', ipFamilies: ['IPv4', 'IPv6'] };

test.each<[string, ServiceSpec, string]>([
  [
    'leaves the second address out',
    { clusterIPs: ['10.96.0.10'] },
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be \'SingleStack\' to release the secondary cluster IP',
  ],
  [
    'leaves the second family out',
    { ipFamilies: ['IPv4'] },
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be \'SingleStack\' to release the secondary IP family',
  ],
  [
    'wants one family and names two addresses',
    { ipFamilyPolicy: 'SingleStack', clusterIPs: ['10.96.0.10', 'fd00:1::77'] },
    "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
  ],
  ['names what is no family', { ipFamilies: ['x'] }, 'spec.ipFamilies[0]: Unsupported value: "x"'],
])('an update of a service of both families that %s is refused', async (_what, spec, message) => {
  const { context } = contextWith(both);
  const made = await created(pair, context);
  await expect(updated(made, spec, context)).rejects.toThrow(message);
});

test('a second family comes with an address and goes with it', async () => {
  const { context, objects } = contextWith(both);
  const one = await created({ clusterIP: '10.96.0.10' }, context);
  const two = await updated(one, { ipFamilyPolicy: 'PreferDualStack' }, context);
  expect(two.spec?.ipFamilies).toEqual(['IPv4', 'IPv6']);
  expect(two.spec?.clusterIPs).toEqual(['10.96.0.10', expect.stringMatching(/^fd00:1::/)]);
  expect(objects.size).toBe(2);
  const again = await updated(two, { ipFamilyPolicy: 'SingleStack' }, context);
  expect(again.spec).toMatchObject({ ipFamilies: ['IPv4'], clusterIPs: ['10.96.0.10'] });
  expect(objects.size).toBe(1);
});

test('a cluster of one family has no services of both', async () => {
  const { context } = contextWith();
  await expect(created({ ipFamilyPolicy: 'RequireDualStack' }, context)).rejects.toThrow(
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  );
  await expect(created({ ipFamilies: ['IPv6'] }, context)).rejects.toThrow(
    'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
  );
});

test('ports keep their node ports by their names, and an update may not name one twice', async () => {
  const { context } = contextWith();
  const made = await created(
    { type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 30_080 }] },
    context,
  );
  const moved = await updated(made, { ports: [{ name: 'a', port: 81 }] }, context);
  expect(moved.spec?.ports?.[0]).toMatchObject({ port: 81, nodePort: 30_080 });
  const twice = ['b', 'c'].map((name, index) => ({ name, port: index + 1, nodePort: 30_099 }));
  await expect(updated(made, { ports: twice }, context)).rejects.toThrow('duplicate nodePort: {TCP 30099}');
});

test.each<[string, ServiceSpec, string[]]>([
  ['no ports', { ports: [] }, ['spec.ports: Required value']],
  [
    'nameless ports',
    { ports: [{ port: 80 }, { port: 81 }] },
    ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
  ],
  [
    'a port twice',
    {
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 80 },
      ],
    },
    [
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ],
  ],
  [
    'an unknown type',
    { type: 'Magic' },
    [
      'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
  ],
  [
    'a node port without the type',
    { ports: [{ port: 80, nodePort: 30_000 }] },
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ],
  [
    'a loopback external address',
    { externalIPs: ['127.0.0.1'] },
    [
      'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
  ],
])('a service with %s is judged as upstream does', (_name, spec, expected) => {
  expect(said(serviceRules.validateCreate?.(service(spec), testContext))).toEqual(expected);
});

test('the columns are those that kubectl knows', async () => {
  const { context } = contextWith();
  const made = await created(
    {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.9',
      selector: { app: 'web' },
      ports: [{ port: 80, nodePort: 30_001 }],
    },
    context,
  );
  made.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
  expect(
    serviceRules.columns?.map((column) => column.cell(made, Date.parse('2026-01-03T00:00:00Z'))),
  ).toEqual(['web', 'LoadBalancer', '10.96.0.9', '<pending>', '80:30001/TCP', '2d', 'app=web']);
});

test.each([
  ['10.96.0.0/12', '10.96.0.1', 1_048_574n, 256n],
  ['10.0.0.0/24', '10.0.0.1', 254n, 16n],
  ['10.0.0.0/28', '10.0.0.1', 14n, 0n],
  ['fd00::/112', 'fd00::1', 65_535n, 256n],
])('the range %s begins at %s', (cidr, first, size, dynamicOffset) => {
  const range = new AddressRange(cidr);
  expect(range).toMatchObject({ first, size, dynamicOffset });
  expect(range.has(first)).toBe(true);
  expect(range.has(range.at(size - 1n))).toBe(true);
  expect(range.has(range.at(size))).toBe(false);
});
