import type { Pod, Service } from '@kubewright/api/core/v1';
import type { EndpointSlice } from '@kubewright/api/discovery/v1';
import { describe, expect, it } from 'vitest';
import { endpointsObject } from './endpoints-controller.js';
import { endpointsOf } from './service-endpoints.js';
import { planSlices } from './slice-plan.js';

const service: Service = {
  metadata: { name: 'web', namespace: 'default', uid: 'svc', labels: { team: 'x' } },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }] },
};

function pod(
  index: number,
  { ready = true, deleted = false, port = 8080, ip = `10.0.0.${index}` } = {},
): Pod {
  const name = `p${String(index).padStart(3, '0')}`;
  return {
    metadata: {
      name,
      uid: name,
      namespace: 'default',
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName: 'n1', containers: [{ name: 'a', ports: [{ name: 'web', containerPort: port }] }] },
    status: {
      phase: 'Running',
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

const groupsOf = (pods: readonly Pod[], of = service) =>
  endpointsOf(of, pods, { addressType: 'IPv4', nodeOf: () => undefined });
const plan = (pods: readonly Pod[], existing: readonly EndpointSlice[] = []) =>
  planSlices(service, new Map([['IPv4', groupsOf(pods)]]), existing);
const pods = (count: number) => Array.from({ length: count }, (_, index) => pod(index));
const named = (slices: readonly EndpointSlice[]): EndpointSlice[] =>
  slices.map((slice, index) => ({ ...slice, metadata: { ...slice.metadata, name: `s${index}` } }));

describe('the endpoints of a service', () => {
  it.each([
    [{ ready: true }, { ready: true, serving: true, terminating: false }],
    [{ ready: false }, { ready: false, serving: false, terminating: false }],
    [
      { ready: true, deleted: true },
      { ready: false, serving: true, terminating: true },
    ],
  ])('of a pod that is %j are %j', (shape, conditions) => {
    expect(groupsOf([pod(1, shape)])[0]?.endpoints[0]?.conditions).toEqual(conditions);
  });

  it('are ready before their pods where the service says so', () => {
    const eager = { ...service, spec: { ...service.spec, publishNotReadyAddresses: true } };
    expect(groupsOf([pod(1, { ready: false })], eager)[0]?.endpoints[0]?.conditions?.ready).toBe(true);
  });

  it('are grouped by what a named port means in their pods; pods without it have none', () => {
    const without: Pod = { ...pod(3), spec: { containers: [{ name: 'a' }] } };
    const groups = groupsOf([pod(1), pod(2, { port: 9090 }), without, pod(4, { ip: 'fd00::1' })]);
    expect(groups.map(({ ports, endpoints }) => [ports[0]?.port, endpoints.length])).toEqual([
      [8080, 1],
      [9090, 1],
    ]);
  });

  it('in the older form are ready or not, and without what goes away', () => {
    const { subsets } = endpointsObject(service, [
      pod(1),
      pod(2, { ready: false }),
      pod(3, { deleted: true }),
    ]);
    expect(subsets).toMatchObject([
      {
        addresses: [{ ip: '10.0.0.1' }],
        notReadyAddresses: [{ ip: '10.0.0.2' }],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ]);
  });
});

describe('the slices of a service', () => {
  it('are one empty slice where there are no endpoints', () => {
    const { create } = plan([]);
    expect(create).toMatchObject([{ addressType: 'IPv4', endpoints: [], ports: [] }]);
    expect(plan([], named(create))).toEqual({ create: [], update: [], remove: [] });
  });

  it('have at most 100 endpoints, and stay as they are while nothing changes', () => {
    const { create } = plan(pods(250));
    expect(create.map(({ endpoints }) => endpoints?.length)).toEqual([100, 100, 50]);
    expect(plan(pods(250), named(create))).toEqual({ create: [], update: [], remove: [] });
  });

  it('change as few as they can', () => {
    const existing = named(plan(pods(150)).create);
    const more = plan(pods(151), existing);
    expect(more.update.map(({ metadata, endpoints }) => [metadata.name, endpoints?.length])).toEqual([
      ['s1', 51],
    ]);
    const fewer = plan(pods(150).slice(1), existing);
    expect(fewer.update.map(({ metadata, endpoints }) => [metadata.name, endpoints?.length])).toEqual([
      ['s0', 99],
    ]);
    const replaced = plan([...pods(150).slice(1), pod(200)], existing);
    expect(replaced.update.map(({ metadata, endpoints }) => [metadata.name, endpoints?.length])).toEqual([
      ['s0', 100],
    ]);
    expect([more.create, fewer.create, replaced.create, more.remove]).toEqual([[], [], [], []]);
  });

  it('go when their endpoints or their ports are gone', () => {
    const existing = named(plan(pods(150)).create);
    expect(plan(pods(100), existing).remove.map(({ metadata }) => metadata.name)).toEqual(['s1']);
    const moved = plan([pod(1, { port: 9090 })], existing);
    expect(moved.remove.map(({ metadata }) => metadata.name)).toEqual(['s0', 's1']);
    expect(moved.create).toHaveLength(1);
  });
});
