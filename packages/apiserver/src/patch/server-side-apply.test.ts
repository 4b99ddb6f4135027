import { ApiError, defineKind } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import type { ManagedFieldsEntry } from '@kubewright/api/meta/v1';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from './json-object.js';
import { type ApplyWrite, applyConfiguration } from './server-side-apply.js';
import { updated } from './updated.test.support.js';

const noon = Date.UTC(2026, 0, 1, 12);
const by = (manager: string, options: Partial<ApplyWrite> = {}): ApplyWrite => ({
  manager,
  subresource: '',
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  schema: Deployment.schema,
  now: noon,
  force: false,
  ...options,
});
const config = (spec: object, metadata: object = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec,
});
/** The configuration of one who lets go of everything. */
const nothing = ({ spec: _, ...rest }: JsonObject): JsonObject => rest;
const pod = (...containers: object[]) => ({ template: { spec: { containers } } });
const entries = (object: JsonObject) =>
  (object.metadata as { managedFields?: ManagedFieldsEntry[] }).managedFields ?? [];
const managers = (object: JsonObject) => entries(object).map(({ manager }) => manager);
function errorOf(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('applyConfiguration', () => {
  const base = config({ replicas: 1, ...pod({ name: 'a', image: 'x' }) }, { labels: { app: 'web' } });
  const created = applyConfiguration(undefined, base, by('alice'));

  it('creates, owning what the configuration lists', () => {
    expect(created).toMatchObject(base);
    expect(entries(created)).toEqual([
      {
        manager: 'alice',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: '2026-01-01T12:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:app': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
            },
          },
        },
      },
    ]);
  });

  it('changes nothing when nothing changed, the time included', () => {
    expect(applyConfiguration(created, base, by('alice', { now: noon + 60_000 }))).toEqual(created);
  });

  it('removes what the manager no longer lists', () => {
    const next = applyConfiguration(created, config(pod({ name: 'b', image: 'y' })), by('alice'));
    expect(next.spec).toEqual(pod({ name: 'b', image: 'y' }));
    expect(next.metadata).not.toHaveProperty('labels');
  });

  it('keeps what others own too, and what they set', () => {
    const shared = applyConfiguration(created, config({ replicas: 1 }), by('bob'));
    // An apply that changes nothing of the object leaves no time, and sorts first.
    expect(managers(shared)).toEqual(['bob', 'alice']);
    const without = applyConfiguration(shared, config(pod({ name: 'a', image: 'x' })), by('alice'));
    expect(without.spec).toHaveProperty('replicas', 1);
    const gone = applyConfiguration(without, nothing(config({})), by('bob'));
    expect(gone.spec).not.toHaveProperty('replicas');
    expect(managers(gone)).toEqual(['alice']);
  });

  it('conflicts over other values, with upstream words and causes', () => {
    const error = errorOf(() => applyConfiguration(created, config({ replicas: 2 }), by('bob')));
    expect(error.toStatus()).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "alice": .spec.replicas',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.spec.replicas' },
        ],
      },
    });
    const after = updated(
      created,
      { ...created, spec: { ...(created.spec as object), replicas: 5 } },
      by('kube-controller', { now: noon }),
    );
    const two = errorOf(() =>
      applyConfiguration(after, config({ replicas: 2, ...pod({ name: 'a', image: 'z' }) }), by('bob')),
    );
    expect(two.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "alice":\n' +
        '- .spec.template.spec.containers[name="a"].image\n' +
        'conflicts with "kube-controller" using apps/v1:\n- .spec.replicas',
    );
  });

  it('takes over with force', () => {
    const next = applyConfiguration(created, config({ replicas: 2 }), by('bob', { force: true }));
    expect(next.spec).toHaveProperty('replicas', 2);
    expect(entries(next).find(({ manager }) => manager === 'alice')?.fieldsV1?.['f:spec']).not.toHaveProperty(
      'f:replicas',
    );
  });

  it('does not remove what an updater added to a map, but an item as a whole', () => {
    const annotated = updated(
      created,
      { ...created, metadata: { ...(created.metadata as object), annotations: { a: 'b' } } },
      by('u'),
    );
    const next = applyConfiguration(annotated, config({}), by('alice'));
    expect(next.metadata).toHaveProperty('annotations', { a: 'b' });
    // As upstream leaves it: a map without members is null.
    expect(next).toHaveProperty('spec', null);
  });

  it('keeps the members of maps and the items of lists that it says are null, but for what is one field', () => {
    const live = applyConfiguration(
      undefined,
      config(pod({ name: 'a', image: 'x', args: ['1'], ports: [{ containerPort: 80 }] })),
      by('alice'),
    );
    const next = applyConfiguration(
      live,
      config(pod({ name: 'a', args: null, ports: null, image: null })),
      by('bob', { force: true }),
    );
    expect(next.spec).toEqual(pod({ name: 'a', image: null, args: null, ports: [{ containerPort: 80 }] }));
  });

  it('merges lists by keys, sets by value, and replaces atomic ones', () => {
    const one = config(
      pod({ name: 'a', image: 'x', args: ['1', '2'], ports: [{ containerPort: 80, protocol: 'TCP' }] }),
      { finalizers: ['f1'] },
    );
    const two = config(
      pod({ name: 'b', image: 'y' }, { name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }] }),
      { finalizers: ['f2'] },
    );
    const next = applyConfiguration(applyConfiguration(undefined, one, by('alice')), two, by('bob'));
    expect(next.spec).toEqual(
      pod(
        { name: 'b', image: 'y' },
        {
          name: 'a',
          image: 'x',
          args: ['1', '2'],
          ports: [
            { containerPort: 80, protocol: 'TCP' },
            { containerPort: 80, protocol: 'UDP' },
          ],
        },
      ),
    );
    expect(next.metadata).toHaveProperty('finalizers', ['f1', 'f2']);
    expect(() => applyConfiguration(next, config(pod({ name: 'a', args: ['3'] })), by('bob'))).toThrow(
      'conflict with "alice": .spec.template.spec.containers[name="a"].args',
    );
  });

  it('tracks an object without managed fields from its first apply on', () => {
    const live = config({ replicas: 1, paused: true }, { uid: 'u' });
    const next = applyConfiguration(live, config({ replicas: 1 }), by('alice'));
    expect(managers(next)).toEqual(['alice', 'before-first-apply']);
    expect(() => applyConfiguration(live, config({ paused: false }), by('alice'))).toThrow(
      'conflict with "before-first-apply" using apps/v1: .spec.paused',
    );
  });

  it('lets kubectl take over from its client-side apply', () => {
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const last = JSON.stringify(config({ replicas: 1 }));
    const live = updated(
      undefined,
      config({ replicas: 1 }, { annotations: { [annotation]: last } }),
      by('kubectl-client-side-apply'),
    );
    const next = applyConfiguration(live, config({ replicas: 2 }), by('kubectl'));
    expect(next.spec).toEqual({ replicas: 2 });
    expect(
      JSON.parse((next.metadata as { annotations: Record<string, string> }).annotations[annotation] ?? ''),
    ).toEqual(config({ replicas: 2 }));
    expect(() => applyConfiguration(live, config({ replicas: 2 }), by('alice'))).toThrow('1 conflict');
  });

  it('never owns fields that this write cannot change', () => {
    const write = by('alice', { resetFields: { 'f:status': {} } });
    const next = applyConfiguration(created, { ...base, status: { replicas: 1 } }, write);
    expect(JSON.stringify(entries(next))).not.toContain('f:status');
  });

  it('compares managers of another version at that version, and drops those of one that is gone', () => {
    // At v2 the replicas are called instances.
    const v2 = defineKind({
      group: 'apps',
      version: 'v2',
      kind: 'Deployment',
      schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { instances: { type: 'integer' } } } },
      } as const,
    });
    const atVersion = (object: JsonObject, apiVersion: string) => {
      if (apiVersion !== 'apps/v2') return undefined;
      const { replicas, ...rest } = (object.spec ?? {}) as JsonObject;
      const spec = replicas === undefined ? rest : { ...rest, instances: replicas };
      return { object: { ...object, spec }, schema: v2.schema };
    };
    const owner = (apiVersion: string, field: string) => ({
      manager: apiVersion,
      operation: 'Apply',
      apiVersion,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { [field]: {} } },
    });
    const live = config(
      { replicas: 1 },
      { managedFields: [owner('apps/v2', 'f:instances'), owner('apps/v9', 'f:x')] },
    );
    expect(() => applyConfiguration(live, config({ replicas: 2 }), by('alice', { atVersion }))).toThrow(
      'Apply failed with 1 conflict: conflict with "apps/v2": .spec.instances',
    );
    const next = applyConfiguration(live, config({ replicas: 1 }), by('alice', { atVersion }));
    expect(managers(next)).toEqual(['alice', 'apps/v2']);
  });

  it('refuses configurations that are none', () => {
    expect(errorOf(() => applyConfiguration(created, { ...base, kind: 'Pod' }, by('a')))).toMatchObject({
      code: 400,
      message: 'invalid object type: apps/v1, Kind=Pod',
    });
    expect(errorOf(() => applyConfiguration(created, created, by('a'))).message).toBe(
      'metadata.managedFields must be nil',
    );
    const twice = config({ ...pod({ name: 'a' }, { name: 'a' }), surplus: 1 });
    expect(errorOf(() => applyConfiguration(created, twice, by('a')))).toMatchObject({
      code: 500,
      message:
        'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): errors:\n' +
        '  .spec.template.spec.containers: duplicate entries for key [name="a"]\n' +
        '  .spec.surplus: field not declared in schema',
    });
  });
});

// A kind with every form of list and map.
const Widget = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
          items: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['id'],
            items: {
              type: 'object',
              required: ['id'],
              properties: { id: { type: 'string' }, a: { type: 'integer' }, b: { type: 'integer' } },
            },
          },
          atomic: {
            type: 'object',
            'x-kubernetes-map-type': 'atomic',
            additionalProperties: { type: 'string' },
          },
          map: { type: 'object', additionalProperties: { type: 'string' } },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
  } as const,
});
const widgetBy = (manager: string) =>
  by(manager, { apiVersion: 'example.dev/v1', kind: 'Widget', schema: Widget.schema });
const widget = (spec: object): JsonObject => ({
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  metadata: { name: 'w' },
  spec,
});
const names = fc.constantFrom('p', 'q', 'r', 's');
const specs = (prefix: string) =>
  fc
    .record(
      {
        set: fc.uniqueArray(
          names.map((name) => prefix + name),
          { minLength: 1 },
        ),
        items: fc.uniqueArray(fc.record({ id: names.map((name) => prefix + name), a: fc.nat(3) }), {
          selector: ({ id }) => id,
          minLength: 1,
        }),
        map: fc.dictionary(
          names.map((name) => prefix + name),
          fc.string(),
          { minKeys: 1 },
        ),
        free: fc.dictionary(
          names.map((name) => prefix + name),
          fc.record({ x: fc.nat(3) }),
          { minKeys: 1 },
        ),
      },
      { requiredKeys: [] },
    )
    .map(widget);
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, one]) => [key, sorted(one)]),
        )
      : value;
/** As upstream has it, a map that nothing is left of is null, until it is applied once more. */
const specOf = ({ spec }: JsonObject) => sorted(spec ?? {});

describe('properties of apply', () => {
  it('is idempotent', () => {
    const some = widget({ map: { p: 'v' } });
    const none = widget({});
    fc.assert(
      fc.property(specs(''), specs(''), (first, second) => {
        const live = applyConfiguration(undefined, first, widgetBy('a'));
        const once = applyConfiguration(live, second, widgetBy('a'));
        const again = applyConfiguration(once, second, widgetBy('a'));
        expect({ ...again, spec: specOf(again) }).toEqual({ ...once, spec: specOf(once) });
      }),
      { examples: [[some, none]] },
    );
  });

  it('leaves of a sole applier what it lists, whatever it listed before', () => {
    fc.assert(
      fc.property(specs(''), specs(''), (first, second) => {
        const live = applyConfiguration(undefined, first, widgetBy('a'));
        const next = applyConfiguration(live, second, widgetBy('a'));
        expect(specOf(next)).toEqual(specOf(second));
      }),
    );
  });

  it('never conflicts over disjoint fields, and the order does not matter', () => {
    fc.assert(
      fc.property(specs('x'), specs('y'), (mine, yours) => {
        const one = applyConfiguration(
          applyConfiguration(undefined, mine, widgetBy('a')),
          yours,
          widgetBy('b'),
        );
        const other = applyConfiguration(
          applyConfiguration(undefined, yours, widgetBy('b')),
          mine,
          widgetBy('a'),
        );
        expect(specOf(one)).toEqual(specOf(other));
        const left = applyConfiguration(one, widget({}), widgetBy('b'));
        expect(specOf(left)).toEqual(specOf(mine));
      }),
    );
  });

  it('removes a field when its last applier lets go', () => {
    fc.assert(
      fc.property(specs(''), (spec) => {
        let live = applyConfiguration(undefined, spec, widgetBy('a'));
        live = applyConfiguration(live, spec, widgetBy('b'));
        live = applyConfiguration(live, nothing(spec), widgetBy('a'));
        expect(live.spec).toEqual(spec.spec);
        live = applyConfiguration(live, nothing(spec), widgetBy('b'));
        expect(live).not.toHaveProperty('spec');
        expect(live.metadata).not.toHaveProperty('managedFields');
      }),
    );
  });

  it('changes no argument', () => {
    fc.assert(
      fc.property(specs(''), specs(''), (first, second) => {
        const live = applyConfiguration(undefined, first, widgetBy('a'));
        const before = JSON.stringify([live, second]);
        applyConfiguration(live, second, { ...widgetBy('b'), force: true });
        updated(live, second, widgetBy('c'));
        expect(JSON.stringify([live, second])).toBe(before);
      }),
    );
  });
});
