import { readdirSync, readFileSync } from 'node:fs';
import { ApiError } from '@kubewright/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeProtobuf, encodeProtobuf, encodeProtobufWatchEvent, hasProtobufForm } from './protobuf.js';

const folder = new URL('../../testdata/roundtrip/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.pb'));
const read = (name: string) => readFileSync(new URL(name, folder));
const jsonOf = (name: string) => JSON.parse(read(name.replace(/pb$/, 'json')).toString('utf8'));

describe('the published round trip data', () => {
  it('covers fourteen kinds', () => expect(names).toHaveLength(14));

  it.each(names)('%s decodes to its JSON', (name) => {
    expect(decodeProtobuf(read(name)).object).toEqual(jsonOf(name));
  });

  it.each(names)('%s is encoded byte for byte from its JSON', (name) => {
    expect(Buffer.from(encodeProtobuf(jsonOf(name))).equals(read(name))).toBe(true);
  });
});

const roundTrip = (object: Record<string, unknown>) => decodeProtobuf(encodeProtobuf(object)).object;

describe('protobuf bodies', () => {
  it('carry lists, Status and DeleteOptions', () => {
    const list = {
      apiVersion: 'v1',
      kind: 'ConfigMapList',
      metadata: { resourceVersion: '7' },
      items: [
        { metadata: { name: 'a' }, data: { k: 'v' }, binaryData: { b: 'AAEC' } },
        { metadata: { name: 'b' } },
      ],
    };
    expect(roundTrip(list)).toEqual(list);
    const status = new ApiError('NotFound', 'pods "a" not found', {
      details: { name: 'a', kind: 'pods' },
    }).toStatus();
    expect(roundTrip({ ...status })).toEqual(status);
    const options = {
      apiVersion: 'policy/v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Orphan',
    };
    expect(roundTrip(options)).toEqual(options);
  });

  it('keep zeros that mean something and drop those that JSON leaves out', () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a' },
      spec: {
        replicas: 0,
        minReadySeconds: 0,
        paused: false,
        template: { spec: { hostname: '', volumes: [{ name: 'v', emptyDir: {} }] } },
      },
    };
    expect(roundTrip(deployment)).toEqual({
      ...deployment,
      spec: {
        replicas: 0,
        strategy: {},
        template: { metadata: {}, spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
      },
      status: {},
    });
  });

  it('carry integers beyond 2^53, fractions of seconds and negative numbers', () => {
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'a', generation: 9007199254740993n, creationTimestamp: '1969-12-31T23:59:59Z' },
      spec: { leaseDurationSeconds: -1, renewTime: '2026-01-02T03:04:05.000670Z' },
    };
    expect(roundTrip(lease)).toEqual(lease);
  });

  it('carry int-or-strings, quantities, extra values and free JSON', () => {
    const objects = [
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        spec: { minAvailable: '50%', maxUnavailable: 0 },
      },
      { apiVersion: 'v1', kind: 'ResourceQuota', spec: { hard: { cpu: '500m', pods: '10' } } },
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        status: { user: { username: 'a', extra: { scopes: ['x', 'y'], none: [] } } },
      },
      { apiVersion: 'apps/v1', kind: 'ControllerRevision', data: { any: [1, { b: null }] }, revision: 0 },
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        spec: {
          group: 'example.dev',
          scope: 'Namespaced',
          names: { plural: 'widgets', kind: 'Widget' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  $ref: 'x',
                  type: 'object',
                  default: { a: 1 },
                  enum: ['a', 1],
                  items: { type: 'string' },
                  additionalProperties: true,
                  'x-kubernetes-int-or-string': true,
                  properties: {
                    a: { items: [{ type: 'string' }], additionalProperties: { type: 'integer' } },
                  },
                  dependencies: { a: ['b'], b: { type: 'string' } },
                },
              },
            },
          ],
        },
      },
    ];
    for (const object of objects) expect(roundTrip(object)).toMatchObject(object);
  });

  it('skip fields and members that are not known', () => {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' }, surplus: 1 };
    const { surplus: _, ...known } = object;
    const read = { ...known, spec: {}, status: {} };
    expect(roundTrip(object)).toEqual(read);
    const unknownField = Buffer.concat([encodeProtobuf(known), Buffer.from([0xaa, 0x06, 0x01, 0x78])]);
    expect(decodeProtobuf(unknownField).object).toEqual(read);
  });

  it('keep a label named __proto__ a label', () => {
    const labels = JSON.parse('{"__proto__":"x"}');
    const result = roundTrip({ apiVersion: 'v1', kind: 'Namespace', metadata: { labels } });
    expect(JSON.stringify(result.metadata)).toBe('{"labels":{"__proto__":"x"}}');
  });

  it('are refused with BadRequest when malformed', () => {
    const envelope = (kind: string, raw: number[]) =>
      Buffer.concat([
        Buffer.from('k8s\0\n'),
        Buffer.from([6 + kind.length, 0x0a, 2]),
        Buffer.from('v1'),
        Buffer.from([0x12, kind.length]),
        Buffer.from(kind),
        Buffer.from([0x12, raw.length, ...raw]),
      ]);
    const bodies: [Uint8Array, string | RegExp][] = [
      [Buffer.alloc(0), 'empty data'],
      [Buffer.from('{}'), /does not appear to be a protobuf message/],
      [Buffer.from('k8s\0'), 'empty body'],
      [Buffer.from('k8s\0\xff\xff\xff\xff', 'latin1'), /malformed protobuf|unexpected EOF/],
      [envelope('', []), /'Kind' is missing/],
      [envelope('Widget', []), 'no kind "Widget" is registered for version "v1"'],
      [envelope('Pod', [0x0a, 0x7f]), /unexpected EOF/],
      [envelope('Pod', [0x08, 1]), /wrong wireType = 0 for field metadata/],
    ];
    for (const [body, message] of bodies) {
      expect(() => decodeProtobuf(body)).toThrow(message);
      expect(() => decodeProtobuf(body)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
    }
  });

  it('never fail otherwise, whatever the bytes', () => {
    const pod = read('core.v1.Pod.pb');
    fc.assert(
      fc.property(
        fc.nat(pod.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(pod.length),
        (at, byte, length) => {
          const bytes = Buffer.from(pod);
          bytes[at] = byte;
          try {
            decodeProtobuf(bytes.subarray(0, length));
          } catch (error) {
            expect(error).toMatchObject({ reason: 'BadRequest' });
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('bound their depth', () => {
    let schema: Record<string, unknown> = { type: 'string' };
    for (let depth = 0; depth < 300; depth++) schema = { not: schema };
    const object = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: schema } }] },
    };
    expect(() => decodeProtobuf(encodeProtobuf(object))).toThrow('exceeded max depth');
  });

  it('exist for built-in kinds only', () => {
    expect(hasProtobufForm('apps/v1', 'Deployment')).toBe(true);
    expect(hasProtobufForm('meta.k8s.io/v1', 'PartialObjectMetadataList')).toBe(true);
    expect(hasProtobufForm('example.dev/v1', 'Widget')).toBe(false);
    expect(() => encodeProtobuf({ apiVersion: 'example.dev/v1', kind: 'Widget' })).toThrow(
      expect.objectContaining({ reason: 'NotAcceptable' }),
    );
  });
});

describe('encodeProtobufWatchEvent', () => {
  it('frames an event with its length', () => {
    const object = encodeProtobuf({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } });
    const frame = Buffer.from(encodeProtobufWatchEvent('ADDED', object));
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4, 11).toString('latin1')).toBe('\n\x05ADDED');
    expect(decodeProtobuf(frame.subarray(frame.indexOf('k8s\0'))).object.metadata).toEqual({ name: 'a' });
  });
});
