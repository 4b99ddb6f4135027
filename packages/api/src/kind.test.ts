import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { defineKind, type ObjectOf } from './kind.js';

const Widget = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  subresources: {
    status: true,
    scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
  },
  schema: Type.Object({
    spec: Type.Object({ size: Type.Integer({ minimum: 0 }) }),
    status: Type.Optional(Type.Object({ size: Type.Integer() })),
  }),
});
type Widget = ObjectOf<typeof Widget>;

describe('defineKind', () => {
  it('fills in the customary names', () => {
    expect(Widget).toMatchObject({
      apiVersion: 'example.dev/v1',
      plural: 'widgets',
      singular: 'widget',
      listKind: 'WidgetList',
      scope: 'Namespaced',
    });
    expect(Object.keys(Widget.subresources)).toEqual(['status', 'scale']);
    expect(Widget.subresources.scale?.kind).toBe('Scale');
  });

  it('gives the static type of the objects', () => {
    const widget: Widget = { metadata: { name: 'a' }, spec: { size: 1 } };
    // @ts-expect-error size is a number
    const wrong: Widget = { metadata: {}, spec: { size: 'large' } };
    expect([widget.spec.size, wrong.spec.size]).toEqual([1, 'large']);
  });

  it('has a schema of the whole object', () => {
    const { root } = Widget.schema;
    expect(Object.keys(root.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
    expect(root.required).toEqual(['spec']);
    expect(() => Widget.schema.resolve('x')).toThrow('no definition named x');
  });
});
