import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { crdOf } from './crd-of.js';
import { defineKind } from './kind.js';

it('a definition says what the kind says', () => {
  const Widget = defineKind({
    group: 'example.dev',
    version: 'v1',
    kind: 'Widget',
    shortNames: ['wd'],
    subresources: {
      status: true,
      scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
    },
    selectableFields: ['spec.colour'],
    schema: Type.Object({
      spec: Type.Object({
        size: Type.Integer({ exclusiveMinimum: 0 }),
        colour: Type.Optional(Type.Union([Type.Literal('red'), Type.Literal('blue')])),
        parts: Type.Optional(Type.Array(Type.Object({ kind: Type.Literal('wheel') }))),
      }),
      status: Type.Optional(Type.Object({ size: Type.Optional(Type.Integer()) })),
    }),
  });
  expect(JSON.parse(JSON.stringify(crdOf(Widget)))).toEqual({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.dev' },
    spec: {
      group: 'example.dev',
      scope: 'Namespaced',
      names: {
        plural: 'widgets',
        singular: 'widget',
        kind: 'Widget',
        listKind: 'WidgetList',
        shortNames: ['wd'],
      },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              required: ['spec'],
              properties: {
                spec: {
                  type: 'object',
                  required: ['size'],
                  properties: {
                    size: { type: 'integer', minimum: 0, exclusiveMinimum: true },
                    colour: { type: 'string', enum: ['red', 'blue'] },
                    parts: {
                      type: 'array',
                      items: {
                        type: 'object',
                        required: ['kind'],
                        properties: { kind: { type: 'string', enum: ['wheel'] } },
                      },
                    },
                  },
                },
                status: { type: 'object', properties: { size: { type: 'integer' } } },
              },
            },
          },
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
          },
          selectableFields: [{ jsonPath: '.spec.colour' }],
        },
      ],
    },
  });
});
