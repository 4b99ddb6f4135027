import { defineKind, type Kind } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import { Node, PersistentVolumeClaim, Pod, Service } from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import { ResourceSlice } from '@kubewright/api/resource/v1';
import { PriorityClass } from '@kubewright/api/scheduling/v1';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { createNormaliser } from './normalise.js';

const Counter = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Counter',
  schema: Type.Object({ spec: Type.Object({ count: Type.Integer(), note: Type.String() }) }),
});

const emptyNodeInfo = {
  architecture: '',
  bootID: '',
  containerRuntimeVersion: '',
  kernelVersion: '',
  kubeProxyVersion: '',
  kubeletVersion: '',
  machineID: '',
  operatingSystem: '',
  osImage: '',
  systemUUID: '',
};

/** Without the structs that are always there. */
function withoutEmpty(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, one) => (JSON.stringify(one) === '{}' ? undefined : one)) ?? 'null',
  );
}

describe('a body comes out as Go writes what it has read', () => {
  it.each([
    [
      'zeros that Go leaves out',
      Pod,
      { spec: { containers: [{ name: 'a', tty: false, image: '' }], nodeName: '' } },
      { spec: { containers: [{ name: 'a' }] } },
    ],
    [
      'zeros behind pointers, which mean something',
      Pod,
      { spec: { containers: [{ name: 'a' }], automountServiceAccountToken: false, priority: 0 } },
      { spec: { containers: [{ name: 'a' }], automountServiceAccountToken: false, priority: 0 } },
    ],
    [
      'zeros in lists',
      Pod,
      { spec: { containers: [{ name: '', stdin: false, ports: [{ containerPort: 0, hostPort: 0 }] }] } },
      { spec: { containers: [{ name: '', ports: [{ containerPort: 0 }] }] } },
    ],
    [
      'members of structs embedded inline',
      Pod,
      { spec: { containers: [{ name: 'a' }], volumes: [{ name: 'v', secret: { secretName: '' } }] } },
      { spec: { containers: [{ name: 'a' }], volumes: [{ name: 'v', secret: {} }] } },
    ],
    [
      'what must be there and is a pointer, and the amount beside it, which is none',
      ResourceSlice,
      { spec: { devices: [{ name: 'd', capacity: { m: { requestPolicy: { validRange: {} } } } }] } },
      {
        spec: {
          driver: '',
          pool: { generation: 0, name: '', resourceSliceCount: 0 },
          devices: [
            { name: 'd', capacity: { m: { value: '0', requestPolicy: { default: null, validRange: {} } } } },
          ],
        },
      },
    ],
    [
      'lists that are never left out, and times that nobody set',
      EndpointSlice,
      { addressType: 'IPv4', endpoints: [] },
      { addressType: 'IPv4', endpoints: null, ports: null },
    ],
    [
      'times of conditions',
      Pod,
      { status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: null }] } },
      {
        spec: {},
        status: {
          conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null }],
        },
      },
    ],
    ['zeros of the object itself', PriorityClass, { value: 0, globalDefault: false }, { value: 0 }],
    [
      'ports of either form, which are structs',
      Service,
      { spec: { ports: [{ port: 80, targetPort: 0, nodePort: 0 }] } },
      { spec: { ports: [{ port: 80, targetPort: 0 }] } },
    ],
    [
      'lists, pointers and times that are never left out, and are null when nothing is in them',
      EndpointSlice,
      { endpoints: [], ports: null, addressType: 'IPv4' },
      { endpoints: null, ports: null, addressType: 'IPv4' },
    ],
    [
      'times of conditions, and the names of an image',
      Node,
      { status: { conditions: [{ type: 'Ready', status: 'True' }], images: [{ names: [] }] } },
      {
        status: {
          conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: null, lastTransitionTime: null }],
          daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
          images: [{ names: null }],
          nodeInfo: emptyNodeInfo,
        },
      },
    ],
    [
      'a group that a reference does not name',
      PersistentVolumeClaim,
      { spec: { dataSource: { kind: 'PersistentVolumeClaim', name: 'a' } } },
      { spec: { dataSource: { apiGroup: null, kind: 'PersistentVolumeClaim', name: 'a' } } },
    ],
    ['values of maps', Deployment, { metadata: { labels: { a: '' } } }, { metadata: { labels: { a: '' } } }],
    [
      'a kind that is no Go type',
      Counter,
      { spec: { count: 0, note: '' } },
      { spec: { count: 0, note: '' } },
    ],
    [
      'structs and members that are always there',
      Node,
      { metadata: { name: 'n' } },
      {
        metadata: { name: 'n' },
        spec: {},
        status: { daemonEndpoints: { kubeletEndpoint: { Port: 0 } }, nodeInfo: { machineID: '' } },
      },
    ],
  ] as readonly (readonly [string, Kind, Record<string, unknown>, Record<string, unknown>])[])(
    '%s',
    (_, kind, body, normal) => {
      const { object } = createNormaliser(kind.schema, kind.kind)(structuredClone(body));
      // What only comes along is not looked at here.
      expect(object).toMatchObject(normal);
      for (const name of Object.keys(body))
        expect(withoutEmpty(object[name])).toEqual(withoutEmpty(normal[name]));
    },
  );
});
