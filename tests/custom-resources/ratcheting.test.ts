import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';
import { crontabs, specOf } from './crontab.js';

/** What kube-apiserver 1.36.3 answers when a schema has become stricter than what is stored. */

let server: TlsServer;
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const path = '/apis/stable.example.com/v1/namespaces/default/crontabs';
const items = [
  { name: 'p', v: 'long' },
  { name: 'q', v: 'longer' },
];
const merge = (to: string, body: object) =>
  server.send({
    method: 'PATCH',
    path: to,
    body,
    headers: { 'content-type': 'application/merge-patch+json' },
  });

/** The schema with rules for the texts in it, and for the whole. */
function schemaWith(rules: object, own: { rule: string }[]) {
  const text = { type: 'string', ...rules };
  const keyed = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, v: text } },
  };
  return specOf({ a: text, items: keyed, free: { type: 'string' } }, own);
}

beforeAll(async () => {
  server = await startTlsServer();
  const before = crontabs({ schema: schemaWith({}, []) });
  await server.send({ method: 'POST', path: definitions, body: before });
  await vi.waitUntil(async () => (await server.send({ path })).code === 200);
  const identity = { apiVersion: 'stable.example.com/v1', kind: 'CronTab' };
  const body = { ...identity, metadata: { name: 'old' }, spec: { a: 'long', items } };
  expect(await server.send({ method: 'POST', path, body })).toMatchObject({ code: 201 });
  const rules = { 'x-kubernetes-validations': [{ rule: 'size(self) < 2', message: 'too long' }] };
  const { versions } = crontabs({ schema: schemaWith(rules, [{ rule: "self.a != 'long'" }]) }).spec;
  const changed = await merge(`${definitions}/crontabs.stable.example.com`, { spec: { versions } });
  expect(changed.code).toBe(200);
});
afterAll(() => server.close());

it('what an update leaves as it was is warned of where rules refuse it now', async () => {
  const { code, warnings } = await merge(`${path}/old`, { metadata: { labels: { a: 'b' } } });
  expect(code).toBe(200);
  expect(warnings).toEqual([
    "spec: Invalid value: failed rule: self.a != 'long'",
    'spec.a: Invalid value: "long": too long',
    'spec.items[0].v: Invalid value: "long": too long',
    'spec.items[1].v: Invalid value: "longer": too long',
  ]);
});

it('the order of a list of type map is no change', async () => {
  const { code, warnings } = await merge(`${path}/old`, { spec: { items: [...items].reverse() } });
  expect(code).toBe(200);
  expect(warnings).toHaveLength(4);
});

it('what changed is refused, and what did not beside it is warned of', async () => {
  const answer = await merge(`${path}/old`, { spec: { free: 'x' } });
  expect(answer.code).toBe(422);
  expect(answer.json().message).toBe(
    'CronTab.stable.example.com "old" is invalid: spec: Invalid value: failed rule: self.a != \'long\'',
  );
  expect(answer.warnings).toHaveLength(3);
});
