import { defineKind } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import { Pod, Service } from '@kubewright/api/core/v1';
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

describe('a body comes out as Go writes what it has read', () => {
  it.each([
    ['zeros that Go leaves out', Pod, { spec: { hostNetwork: false, nodeName: '' } }, { spec: {} }],
    [
      'zeros behind pointers, which mean something',
      Pod,
      { spec: { automountServiceAccountToken: false, priority: 0 } },
      { spec: { automountServiceAccountToken: false, priority: 0 } },
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
      { spec: { volumes: [{ name: 'v', secret: { secretName: '' } }] } },
      { spec: { volumes: [{ name: 'v', secret: {} }] } },
    ],
    ['zeros of the object itself', PriorityClass, { value: 0, globalDefault: false }, { value: 0 }],
    [
      'ports of either form, which are structs',
      Service,
      { spec: { ports: [{ port: 80, targetPort: 0, nodePort: 0 }] } },
      { spec: { ports: [{ port: 80, targetPort: 0 }] } },
    ],
    ['values of maps', Deployment, { metadata: { labels: { a: '' } } }, { metadata: { labels: { a: '' } } }],
    [
      'a kind that is no Go type',
      Counter,
      { spec: { count: 0, note: '' } },
      { spec: { count: 0, note: '' } },
    ],
  ])('%s', (_, kind, body, normal) => {
    expect(createNormaliser(kind.schema, kind.kind)(body).object).toEqual(normal);
  });
});
