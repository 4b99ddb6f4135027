import type { ConfigMap, Endpoints, Event, Namespace, Node, Secret } from '@kubewright/api/core/v1';
import type { EndpointSlice } from '@kubewright/api/discovery/v1';
import type { Event as EventsEvent } from '@kubewright/api/events/v1';
import { expect, test } from 'vitest';
import type { FieldError } from '../validation/field-error.js';
import { configMapRules } from './config-map.js';
import { endpointSliceRules } from './endpoint-slice.js';
import { endpointsRules } from './endpoints.js';
import { eventRules } from './event.js';
import { namespaceRules } from './namespace.js';
import { nodeRules } from './node.js';
import { secretRules } from './secret.js';
import { testContext } from './test-context.js';

const now = Date.parse('2026-01-01T01:00:00Z');
const metadata = { name: 'x', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' };

function said(errors: FieldError[] | undefined): string[] {
  return (errors ?? []).map(({ field, message }) => `${field}: ${message}`);
}

test('a namespace is active, named by a label, and held until its content is gone', () => {
  const namespace: Namespace = { metadata: { name: 'x' } };
  namespaceRules.default?.(namespace);
  namespaceRules.prepareForCreate?.(namespace, testContext);
  expect(namespace).toEqual({
    metadata: { name: 'x', labels: { 'kubernetes.io/metadata.name': 'x' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  expect(namespaceRules.held?.(namespace)).toBe(true);
  namespaceRules.markDeleted?.(namespace, testContext);
  expect(namespace.status?.phase).toBe('Terminating');
  const finalized: Namespace = { metadata: { name: 'x' }, spec: { finalizers: [] } };
  namespaceRules.subresources?.finalize?.prepareForUpdate?.(finalized, namespace, testContext);
  expect(namespaceRules.held?.(finalized)).toBe(false);
  expect(finalized.status?.phase).toBe('Terminating');
});

test('the finalizers of a namespace change through their subresource only', () => {
  const old: Namespace = { metadata: { name: 'x' }, spec: { finalizers: ['kubernetes'] } };
  const changed: Namespace = { metadata: { name: 'x' }, spec: { finalizers: [] } };
  namespaceRules.prepareForUpdate?.(changed, old, testContext);
  expect(changed.spec?.finalizers).toEqual(['kubernetes']);
});

test.each<[string, Partial<ConfigMap>, string[]]>([
  ['data', { data: { 'a.b': 'c', __proto__: 'x' } }, []],
  [
    'a bad key',
    { data: { 'a b': 'c' } },
    [
      `data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
    ],
  ],
  [
    'a key twice',
    { data: { a: 'b' }, binaryData: { a: 'Yg==' } },
    ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
  ],
  [
    'too much',
    { data: { a: 'x'.repeat(1024 * 1024 + 1) } },
    ['[]: Too long: may not be more than 1048576 bytes'],
  ],
])('a ConfigMap with %s is judged as upstream does', (_name, part, expected) => {
  expect(said(configMapRules.validate?.({ metadata, ...part }, testContext))).toEqual(expected);
});

test('an immutable ConfigMap stays', () => {
  const old: ConfigMap = { metadata, immutable: true, data: { a: 'b' } };
  expect(said(configMapRules.validateUpdate?.({ metadata, data: { a: 'c' } }, old, testContext))).toEqual([
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ]);
});

test('plain text of a Secret becomes data', () => {
  const secret: Secret = { metadata, data: { a: 'eA==' }, stringData: { a: 'b', c: 'd' } };
  secretRules.default?.(secret);
  expect(secret).toEqual({ metadata, type: 'Opaque', data: { a: 'Yg==', c: 'ZA==' } });
});

test.each<[string, string, Record<string, string>, string[]]>([
  ['kubernetes.io/tls', 'without a key', { 'tls.crt': '' }, ['data[tls.key]: Required value']],
  [
    'kubernetes.io/basic-auth',
    'without anything',
    {},
    ['data[username]: Required value', 'data[password]: Required value'],
  ],
  [
    'kubernetes.io/service-account-token',
    'of nobody',
    {},
    ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
  ],
  ['example.com/own', 'of any form', {}, []],
])('a Secret of type %s %s is judged as upstream does', (type, _name, data, expected) => {
  expect(said(secretRules.validate?.({ metadata, type, data }, testContext))).toEqual(expected);
});

test('a node shows what kubectl knows', () => {
  const node: Node = {
    metadata: {
      name: 'n1',
      creationTimestamp: metadata.creationTimestamp,
      labels: { 'node-role.kubernetes.io/control-plane': '' },
    },
    spec: { unschedulable: true },
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: [{ type: 'InternalIP', address: '10.0.0.5' }],
    },
  };
  expect(nodeRules.columns?.map((column) => column.cell(node, now))).toEqual([
    'n1',
    'Ready,SchedulingDisabled',
    'control-plane',
    '60m',
    '',
    '10.0.0.5',
    '<none>',
    '<unknown>',
    '<unknown>',
    '<unknown>',
  ]);
});

test('a node has each taint once', () => {
  const taint = { key: 'a', effect: 'NoSchedule' };
  expect(said(nodeRules.validate?.({ metadata, spec: { taints: [taint, taint] } }, testContext))).toEqual([
    'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
  ]);
});

const slice = (addresses: string[]): EndpointSlice => ({
  metadata,
  addressType: 'IPv4',
  endpoints: addresses.map((address) => ({ addresses: [address] })),
  ports: [{ port: 80 }],
});

test('endpoints are no loopback addresses, unless the server says so', () => {
  const local = slice(['127.0.0.5']);
  endpointSliceRules.default?.(local);
  expect(said(endpointSliceRules.validate?.(local, testContext))).toEqual([
    'endpoints[0].addresses[0]: Invalid value: "127.0.0.5": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ]);
  const relaxed = {
    ...testContext,
    serviceRanges: { ...testContext.serviceRanges, loopbackEndpoints: ['127.0.0.0/16'] },
  };
  expect(endpointSliceRules.validate?.(local, relaxed)).toEqual([]);
});

test('endpoints are listed up to three', () => {
  const full = slice(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']);
  expect(endpointSliceRules.columns?.map((column) => column.cell(full, now))).toEqual([
    'x',
    'IPv4',
    '80',
    '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...',
    '60m',
  ]);
  const endpoints: Endpoints = {
    metadata,
    subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }],
  };
  expect(endpointsRules.columns?.[1]?.cell(endpoints, now)).toBe('10.0.0.1:80');
});

const event: Event = {
  metadata,
  involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
  reason: 'Killing',
  message: 'stop\n',
  type: 'Normal',
  source: { component: 'kubelet', host: 'n1' },
  firstTimestamp: '2026-01-01T00:50:00Z',
  lastTimestamp: '2026-01-01T00:59:30Z',
  count: 4,
  reportingComponent: 'kubelet',
  reportingInstance: 'n1',
};

test('an event is one object at both versions', () => {
  const [conversion] = eventRules.otherVersions ?? [];
  const converted = conversion?.fromStored(event) as EventsEvent;
  expect(converted).toMatchObject({
    regarding: { kind: 'Pod', name: 'p' },
    note: 'stop\n',
    deprecatedCount: 4,
    deprecatedSource: { component: 'kubelet', host: 'n1' },
    reportingController: 'kubelet',
  });
  expect(JSON.parse(JSON.stringify(conversion?.toStored(converted)))).toEqual(event);
});

test('an event shows what kubectl knows', () => {
  expect(eventRules.columns?.map((column) => column.cell(event, now))).toEqual([
    '30s',
    'Normal',
    'Killing',
    'pod/p',
    '',
    'kubelet, n1',
    'stop',
    '10m',
    4,
    'x',
  ]);
});

test('an event stands in the namespace of what it is about', () => {
  const stray = { ...event, involvedObject: { ...event.involvedObject, namespace: 'other' } };
  expect(said(eventRules.validate?.(stray, testContext))).toEqual([
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ]);
});
