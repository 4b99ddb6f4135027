import { defineKind, isApiError } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CronTab, crontabs, specOf } from './crontab.js';

const CronTabKind = defineKind({
  group: 'stable.example.com',
  version: 'v1',
  kind: 'CronTab',
  schema: { type: 'object' } as const,
});

describe('hostile input', () => {
  let server: TestServer;
  const path = '/apis/stable.example.com/v1/namespaces/default/crontabs';
  const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const tabs = () => server.client.resource<CronTab>(CronTabKind).namespace('default');

  beforeAll(async () => {
    server = await startTestServer();
    const definitions = server.client.resource(CustomResourceDefinition);
    const schema = specOf({
      list: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'integer' } },
      text: { type: 'string', pattern: '^(a+)+$' },
      open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    });
    await definitions.create(crontabs({ schema }));
    await definitions.waitFor('crontabs.stable.example.com', (found) =>
      (found?.status?.conditions ?? []).some(
        ({ type, status }) => type === 'Established' && status === 'True',
      ),
    );
  });
  afterAll(() => server.close());

  /** What a body is answered with, and how long that takes. */
  const answered = async (at: string, body: unknown) => {
    const start = performance.now();
    const answer = await server.client.requester
      .json<CronTab>({ method: 'POST', path: at, body: body as object, contentType: 'application/json' })
      .then((object) => ({ object, code: 201, message: '' }))
      .catch((error: unknown) => {
        if (!isApiError(error)) throw error;
        return { object: undefined, code: error.code, message: error.message };
      });
    return { ...answer, ms: performance.now() - start };
  };
  /** Deeper than JSON.stringify goes, so it is written as text. */
  const nested = (depth: number, [before, after]: readonly [string, string], innermost: string) =>
    `${before.repeat(depth)}${innermost}${after.repeat(depth)}`;
  const withNested = (value: object, text: string) => JSON.stringify(value).replace('"NESTED"', text);
  const object = (name: string, spec: object) => ({
    apiVersion: 'stable.example.com/v1',
    kind: 'CronTab',
    metadata: { name },
    spec,
  });

  it('objects nested as deep as they like are refused', async () => {
    const deep = (name: string, depth: number) =>
      withNested(object(name, { open: 'NESTED' }), nested(depth, ['{"a":', '}'], '1'));
    expect((await answered(path, deep('deep', 100_000))).code).toBe(400);
    expect((await answered(path, deep('less', 500))).code).toBe(201);
  });

  it('a schema nested as deep as it likes is refused', async () => {
    const definition = crontabs({ schema: specOf({ a: 'NESTED' as never }) });
    definition.spec.names = { plural: 'deeps', kind: 'Deep' };
    definition.metadata.name = 'deeps.stable.example.com';
    const identity = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
    const schema = nested(100_000, ['{"type":"object","properties":{"a":', '}}'], '{"type":"string"}');
    const { code, ms } = await answered(definitionsPath, withNested({ ...identity, ...definition }, schema));
    expect([400, 413]).toContain(code);
    expect(ms).toBeLessThan(5_000);
  });

  it('a hundred thousand items of the wrong type are refused, with as many reasons as help', async () => {
    const list = Array.from({ length: 100_000 }, () => 'x');
    const { code, message, ms } = await answered(path, object('wrong', { list }));
    expect(code).toBe(422);
    expect(message.match(/must be of type integer/g)).toHaveLength(10_000);
    expect(ms).toBeLessThan(20_000);
  });

  it('two hundred thousand unknown fields are few warnings', async () => {
    const spec = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`u${index}`, 1]));
    const { code, object: created } = await answered(path, object('unknown', spec));
    expect(code).toBe(201);
    expect(created?.spec).toEqual({});
  });

  it('a hundred thousand items, all alike, take their time and no more', async () => {
    const { code, ms } = await answered(
      path,
      object('many', { list: Array.from({ length: 100_000 }, () => 7) }),
    );
    expect(code).toBe(422);
    expect(ms).toBeLessThan(10_000);
  });

  it('a text that makes other engines search for ever does not', async () => {
    const { code, ms } = await answered(path, object('slow', { text: `${'a'.repeat(100_000)}!` }));
    expect(code).toBe(422);
    expect(ms).toBeLessThan(5_000);
  });

  it('keys that are everywhere are only keys', async () => {
    const body = JSON.parse(
      '{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"keys"},"spec":{"open":{"__proto__":{"polluted":1},"constructor":2},"__proto__":{"polluted":1}}}',
    );
    const { code } = await answered(`${path}?fieldValidation=Ignore`, body);
    expect([201, 400]).toContain(code);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    if (code === 201) expect(JSON.stringify((await tabs().get('keys')).spec)).toContain('"constructor":2');
  });
});
