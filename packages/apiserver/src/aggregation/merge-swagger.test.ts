import { expect, it } from 'vitest';
import { mergeSwagger, swaggerPart } from './merge-swagger.js';

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const gvk = (group: string, version: string, kind: string) => ({
  'x-kubernetes-group-version-kind': [{ group, version, kind }],
});
const theirs = {
  swagger: '2.0',
  paths: {
    '/apis/a.dev/v1/things': { get: { responses: { 200: { schema: ref('ThingList') } } } },
    '/apis/a.dev/v10/things': {},
    '/apis/b.dev/v1/others': { get: { responses: { 200: { schema: ref('Other') } } } },
  },
  definitions: {
    ThingList: { properties: { items: { items: ref('Thing') }, metadata: ref('Meta') } },
    Thing: { properties: { spec: ref('Shared') }, ...gvk('a.dev', 'v1', 'Thing') },
    Alone: { type: 'object', ...gvk('a.dev', 'v1', 'Alone') },
    Meta: { type: 'object', description: 'worded otherwise' },
    Shared: { type: 'string' },
    Other: { type: 'object' },
  },
};

it('takes of a document what is of a group and version, and what that refers to', () => {
  const { paths, definitions } = swaggerPart(theirs, 'a.dev', 'v1');
  expect(Object.keys(paths)).toEqual(['/apis/a.dev/v1/things']);
  expect(Object.keys(definitions).sort()).toEqual(['Alone', 'Meta', 'Shared', 'Thing', 'ThingList']);
  expect(swaggerPart('rubbish', 'a.dev', 'v1')).toEqual({ paths: {}, definitions: {} });
});

it('keeps definitions apart that have one name and are two things', () => {
  const ours = {
    swagger: '2.0',
    paths: { '/api/': {} },
    definitions: { Meta: { type: 'object', description: 'ours' }, Shared: { type: 'integer' } },
  };
  const merged = mergeSwagger(ours, [swaggerPart(theirs, 'a.dev', 'v1')]);
  expect(merged).toMatchObject({
    swagger: '2.0',
    paths: { '/api/': {}, '/apis/a.dev/v1/things': {} },
    definitions: {
      Meta: { description: 'ours' },
      Shared: { type: 'integer' },
      Shared_v2: { type: 'string' },
      Thing: { properties: { spec: ref('Shared_v2') } },
      ThingList: { properties: { items: { items: ref('Thing') }, metadata: ref('Meta') } },
    },
  });
  expect(ours.definitions).not.toHaveProperty('Thing');
});
