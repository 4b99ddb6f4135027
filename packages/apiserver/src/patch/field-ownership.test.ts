import { Deployment } from '@kubewright/api/apps/v1';
import type { ManagedFieldsEntry } from '@kubewright/api/meta/v1';
import { describe, expect, it } from 'vitest';
import type { TrackedWrite } from './field-ownership.js';
import type { JsonObject } from './json-object.js';
import { updated } from './updated.test.support.js';

const noon = Date.UTC(2026, 0, 1, 12);
const by = (manager: string, options: Partial<TrackedWrite> = {}): TrackedWrite => ({
  manager,
  subresource: '',
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  schema: Deployment.schema,
  now: noon,
  ...options,
});
const deployment = (spec: object, metadata: object = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec,
});
const entries = (object: JsonObject) =>
  (object.metadata as { managedFields?: ManagedFieldsEntry[] }).managedFields;
const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 80 }] }] },
};

describe('managedFieldsAfter', () => {
  const created = updated(
    undefined,
    deployment(
      { replicas: 1, selector: { matchLabels: { app: 'web' } }, template },
      { labels: { app: 'web' }, finalizers: ['f'] },
    ),
    by('kubectl-create'),
  );

  it('gives the creator all that it set, in the form that the wire has', () => {
    expect(entries(created)).toEqual([
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'apps/v1',
        time: '2026-01-01T12:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} }, 'f:finalizers': { '.': {}, 'v:"f"': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:selector': {},
            'f:template': {
              'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
              'f:spec': {
                'f:containers': {
                  'k:{"name":"a"}': {
                    '.': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': {
                      '.': {},
                      'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ]);
  });

  const scaled = updated(
    created,
    { ...created, spec: { ...(created.spec as object), replicas: 3 } },
    by('scaler', { now: noon + 5000 }),
  );

  it('moves what another manager changes', () => {
    expect(entries(scaled)?.map(({ manager, time }) => [manager, time])).toEqual([
      ['kubectl-create', '2026-01-01T12:00:00Z'],
      ['scaler', '2026-01-01T12:00:05Z'],
    ]);
    expect(entries(scaled)?.[0]?.fieldsV1?.['f:spec']).not.toHaveProperty('f:replicas');
    expect(entries(scaled)?.[1]?.fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('changes nothing, the time included, when nothing changed', () => {
    expect(updated(scaled, scaled, by('scaler', { now: noon + 9000 }))).toEqual(scaled);
  });

  it('knows an item that stands there twice as one, which is whose who doubled it', () => {
    const containers = ['x', 'y'].map((image) => ({ name: 'a', image }));
    const spec = { ...(scaled.spec as object), template: { ...template, spec: { containers } } };
    const doubled = updated(scaled, { ...scaled, spec }, by('other', { now: noon + 9000 }));
    const containersOf = (object: JsonObject) =>
      entries(object)?.map(({ fieldsV1 }) =>
        JSON.stringify(fieldsV1).replace(/.*"f:containers":|^(?!.*"f:containers").*/, ''),
      );
    expect(containersOf(doubled)).toEqual(['', '', expect.stringMatching(/^\{"k:[^}]*\}":\{\}\}/)]);
    const third = by('third', { now: noon + 9000 });
    const single = updated(doubled, { ...doubled, spec: scaled.spec as JsonObject }, third);
    expect(containersOf(single)).toEqual(['', '', expect.stringContaining('"f:image":{}')]);
  });

  it('takes removed fields from all, and drops managers of nothing', () => {
    const { replicas: _, ...spec } = scaled.spec as JsonObject;
    const removed = updated(scaled, { ...scaled, spec }, by('other'));
    expect(entries(removed)?.map(({ manager }) => manager)).toEqual(['kubectl-create']);
  });

  it('tells subresources apart', () => {
    const status = updated(
      scaled,
      { ...scaled, status: { replicas: 3 } },
      by('scaler', { subresource: 'status', now: noon + 6000 }),
    );
    expect(entries(status)?.at(-1)).toMatchObject({
      manager: 'scaler',
      subresource: 'status',
      fieldsV1: { 'f:status': { 'f:replicas': {} } },
    });
  });

  it('lets clients reset and set managed fields, and ignores malformed ones', () => {
    const write = by('client');
    const withEntries = (managedFields: unknown) => ({
      ...scaled,
      metadata: { ...(scaled.metadata as object), managedFields },
    });
    expect(entries(updated(scaled, withEntries([{}]), write))).toBeUndefined();
    const own = [
      {
        manager: 'm',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      },
    ];
    expect(entries(updated(scaled, withEntries(own), write))).toEqual(own);
    expect(entries(updated(scaled, withEntries([{ manager: 'm' }]), write))).toEqual(entries(scaled));
  });

  it('does not begin with an object that was stored without managed fields', () => {
    const stored = deployment({ replicas: 1 }, { uid: 'u' });
    expect(entries(updated(stored, deployment({ replicas: 2 }, { uid: 'u' }), by('m')))).toBeUndefined();
  });

  it('keeps ten managers of updates, the oldest merged', () => {
    let object = created;
    for (let i = 0; i < 12; i++) {
      const annotations = { ...((object.metadata as JsonObject).annotations as object), [`a${i}`]: 'x' };
      object = updated(
        object,
        { ...object, metadata: { ...(object.metadata as object), annotations } },
        by(`m${i}`, { now: noon + (i + 1) * 1000 }),
      );
    }
    const managers = entries(object)?.map(({ manager }) => manager);
    expect(managers).toHaveLength(10);
    expect(managers).toContain('ancient-changes');
    expect(managers).not.toContain('m0');
    const merged = entries(object)?.find(({ manager }) => manager === 'ancient-changes');
    expect(merged?.fieldsV1).toMatchObject({
      'f:metadata': { 'f:annotations': { 'f:a0': {} } },
      'f:spec': { 'f:replicas': {} },
    });
  });
});
