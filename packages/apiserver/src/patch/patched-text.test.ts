import { Deployment } from '@kubewright/api/apps/v1';
import { expect, it } from 'vitest';
import { patchedText, touchedByMerge, touchedByOperations } from './patched-text.js';

const before = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { labels: { b: '1', a: '<' }, uid: 'u', name: 'd' },
  spec: { template: { spec: { nodeName: 'n', containers: [{ image: 'i', name: 'c' }] } }, replicas: 1 },
};

it('shows structs in their order and maps sorted', () => {
  expect(patchedText(before, new Map(), Deployment.schema)).toBe(
    String.raw`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","uid":"u","labels":{"a":"\u003c","b":"1"}},"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"c","image":"i"}],"nodeName":"n"}}}}`,
  );
});

it('shows what a merge patch looked into sorted', () => {
  const patch = { metadata: { labels: { c: '2' } }, spec: { z: { y: 1, x: 2 }, replicas: [{ b: 1, a: 2 }] } };
  const value = { ...before, spec: { ...before.spec, ...patch.spec } };
  const text = patchedText(value, touchedByMerge(before, patch), Deployment.schema);
  expect(text).toMatch(/^\{"apiVersion":"apps\/v1","kind":"Deployment","metadata":\{"labels":/);
  expect(text).toContain('"spec":{"replicas":[{"a":2,"b":1}],"template":');
  expect(text).toContain('"z":{"x":2,"y":1}');
});

it('shows what a JSON patch looked into sorted, and what it brings as it was sent', () => {
  const operations = [{ op: 'add', path: '/spec/z', value: { y: 1, x: 2 } }];
  const value = { ...before, spec: { ...before.spec, z: { y: 1, x: 2 } } };
  const text = patchedText(value, touchedByOperations(before, operations), Deployment.schema);
  expect(text).toContain('"metadata":{"name":"d","uid":"u"');
  expect(text).toContain('"spec":{"replicas":1,"template":{"spec":{"containers"');
  expect(text).toContain('"z":{"y":1,"x":2}');
});
