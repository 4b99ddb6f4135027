import type { ResourceClaim } from '@kubewright/api/resource/v1';
import { expect, test } from 'vitest';
import {
  deviceClassRules,
  resourceClaimRules,
  resourceClaimTemplateRules,
  resourceSliceRules,
} from './device.js';
import { judge, judgeUpdate } from './judge.test.support.js';
import type { KindRules } from './kind-rules.js';

const named = { name: 'x' };
const namespaced = { name: 'x', namespace: 'default' };

test.each<[string, KindRules, object, string[]]>([
  [
    'a claim of one device',
    resourceClaimRules,
    {
      metadata: namespaced,
      spec: {
        devices: {
          requests: [
            {
              name: 'a',
              exactly: {
                deviceClassName: 'gpu.a.dev',
                selectors: [{ cel: { expression: 'true' } }],
                tolerations: [{ key: 'a', value: 'b' }],
              },
            },
          ],
          constraints: [{ requests: ['a'], matchAttribute: 'a.dev/numa' }],
          config: [{ requests: ['a'], opaque: { driver: 'a.dev', parameters: { a: 1 } } }],
        },
      },
    },
    [],
  ],
  [
    'a claim with bad requests',
    resourceClaimRules,
    {
      metadata: namespaced,
      spec: {
        devices: {
          requests: [
            { name: 'A' },
            {
              name: 'b',
              exactly: {
                deviceClassName: '',
                allocationMode: 'All',
                count: 2,
                selectors: [{}],
                tolerations: [{ operator: 'Exists', value: 'a', effect: 'Never' }, { operator: 'Like' }],
              },
            },
            {
              name: 'b',
              exactly: { deviceClassName: 'a', allocationMode: 'Some' },
              firstAvailable: [{ name: 'c', deviceClassName: 'a' }],
            },
            {
              name: 'd',
              firstAvailable: [
                { name: 'e', deviceClassName: 'a', count: -1 },
                { name: 'e', deviceClassName: 'a' },
              ],
            },
          ],
          constraints: [
            { requests: ['x', 'd/e', 'd/x', 'a/b/c'], matchAttribute: 'numa' },
            { distinctAttribute: '/a' },
            {},
          ],
          config: [
            {},
            { opaque: { driver: '', parameters: null } },
            { opaque: { driver: 'a', parameters: [1] } },
          ],
        },
      },
    },
    [
      "spec.devices.requests[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
      'spec.devices.requests[1].exactly.deviceClassName: Required value',
      'spec.devices.requests[1].exactly.selectors[0].cel: Required value',
      "spec.devices.requests[1].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
      'spec.devices.requests[1].exactly.tolerations[0].value: Invalid value: "a": must be empty for operator `Exists`',
      'spec.devices.requests[1].exactly.tolerations[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"',
      'spec.devices.requests[1].exactly.tolerations[1].operator: Unsupported value: "Like": supported values: "Equal", "Exists"',
      'spec.devices.requests[2]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
      'spec.devices.requests[3].firstAvailable[0].count: Invalid value: -1: must be greater than zero',
      'spec.devices.requests[3].firstAvailable[1]: Duplicate value: "e"',
      'spec.devices.requests[2]: Duplicate value: "b"',
      'spec.devices.constraints[0].requests[0]: Invalid value: "x": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
      'spec.devices.constraints[0].requests[2]: Invalid value: "d/x": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
      'spec.devices.constraints[0].requests[3]: Invalid value: "a/b/c": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
      'spec.devices.constraints[0].matchAttribute: Invalid value: "numa": a fully qualified name must be a domain and a name separated by a slash',
      'spec.devices.constraints[1].distinctAttribute: Invalid value: "": the domain must not be empty',
      'spec.devices.constraints[2]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
      'spec.devices.config[0].opaque: Required value',
      'spec.devices.config[1].opaque.driver: Required value',
      'spec.devices.config[1].opaque.parameters: Required value',
      'spec.devices.config[2].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
    ],
  ],
  [
    'a template with too many constraints',
    resourceClaimTemplateRules,
    {
      metadata: namespaced,
      spec: {
        spec: {
          devices: {
            requests: [{ name: 'a', exactly: { deviceClassName: 'a' } }],
            constraints: [
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
              { matchAttribute: 'a/b' },
            ],
          },
        },
      },
    },
    ['spec.spec.devices.constraints: Too many: 33: must have at most 32 items'],
  ],
  [
    'a class with bad parts',
    deviceClassRules,
    { metadata: named, spec: { selectors: [{}], config: [{}] } },
    ['spec.selectors[0].cel: Required value', 'spec.config[0].opaque: Required value'],
  ],
  [
    'a slice of a node',
    resourceSliceRules,
    {
      metadata: named,
      spec: {
        driver: 'a.dev',
        nodeName: 'n',
        pool: { name: 'n', generation: 0, resourceSliceCount: 1 },
        devices: [{ name: 'a' }],
      },
    },
    [],
  ],
  [
    'a slice that is nowhere',
    resourceSliceRules,
    {
      metadata: named,
      spec: {
        driver: '',
        pool: { name: 'n', generation: 0, resourceSliceCount: 1 },
        allNodes: false,
        devices: [{ name: 'A' }, { name: 'a' }, { name: 'a' }],
      },
    },
    [
      'spec.driver: Required value',
      'spec.allNodes: Invalid value: false: must be either unset or set to true',
      'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
      "spec.devices[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'spec.devices[2]: Duplicate value: "a"',
    ],
  ],
  [
    'a slice that is in two places',
    resourceSliceRules,
    {
      metadata: named,
      spec: {
        driver: 'a',
        nodeName: 'n',
        nodeSelector: { nodeSelectorTerms: [] },
        pool: { name: 'n', generation: 0, resourceSliceCount: 1 },
      },
    },
    [
      'spec.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term',
      'spec.nodeSelector.nodeSelectorTerms: Invalid value: null: must have exactly one node selector term',
      'spec: Invalid value: "{`nodeName`, `nodeSelector`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
    ],
  ],
])('%s is judged as upstream does', (_name, rules, object, expected) => {
  expect(judge(rules, object)).toEqual(expected);
});

test.each<[string, KindRules, object, object, string[]]>([
  [
    'a claim asks for something else',
    resourceClaimRules,
    { metadata: namespaced, spec: { devices: {} } },
    {
      metadata: namespaced,
      spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'a' } }] } },
    },
    [
      'spec: Invalid value: {"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"a","allocationMode":"ExactCount","count":1}}]}}: field is immutable',
    ],
  ],
  [
    'a slice moves',
    resourceSliceRules,
    { metadata: named, spec: { driver: 'a', nodeName: 'n', pool: { name: 'n' } } },
    {
      metadata: named,
      spec: { driver: 'b', nodeName: 'm', pool: { name: 'm', resourceSliceCount: 1 } },
    },
    [
      'spec.pool.name: Invalid value: "m": field is immutable',
      'spec.driver: Invalid value: "b": field is immutable',
      'spec.nodeName: Invalid value: "m": field is immutable',
    ],
  ],
])('%s: the update is judged as upstream does', (_name, rules, old, next, expected) => {
  expect(judgeUpdate(rules, old, next)).toEqual(expected);
});

test('a status of a claim is judged as upstream does', () => {
  const claim = (status: object, more: object = {}) => ({
    metadata: { ...namespaced, ...more },
    spec: { devices: {} },
    status,
  });
  const check = (next: ResourceClaim, old: ResourceClaim) =>
    resourceClaimRules.subresources?.status
      ?.validateUpdate?.(next, old)
      .map(({ field, message }) => `${field}: ${message}`);
  const consumer = { resource: 'pods', name: 'a', uid: '1' };
  expect(check(claim({ reservedFor: [{ ...consumer, name: '' }, consumer] }), claim({}))).toEqual([
    'status.reservedFor[0].name: Required value',
    'status.reservedFor[1]: Duplicate value: "1"',
    'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
  ]);
  const allocation = { devices: { results: [] } };
  const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  expect(
    check(
      claim({ allocation: { devices: { config: [{}] } }, reservedFor: [consumer] }, deleted),
      claim({ allocation }),
    ),
  ).toEqual([
    'status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
    'status.allocation: Invalid value: {"devices":{"config":[{}]}}: field is immutable',
  ]);
  expect(check(claim({ allocation, reservedFor: [consumer] }), claim({ allocation }))).toEqual([]);
});
