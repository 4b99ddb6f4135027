import { defineKind, isApiError, type ValidationRule } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CronTab, crontabs, specOf } from './crontab.js';

const CronTabKind = defineKind({
  group: 'stable.example.com',
  version: 'v1',
  kind: 'CronTab',
  schema: { type: 'object' } as const,
});

describe('rules in CEL', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const definitions = () => server.client.resource(CustomResourceDefinition);
  const tabs = () => server.client.resource<CronTab>(CronTabKind).namespace('default');
  const causes = async (run: Promise<unknown>) => {
    const error = await run.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!isApiError(error)) throw new Error(`not refused: ${String(error)}`);
    return error
      .toStatus()
      .details?.causes?.map(({ reason, field, message }) => `${reason} ${field}: ${message}`);
  };
  const withRules = (rules: ValidationRule[], properties: Record<string, object> = numbers) =>
    crontabs({ schema: specOf(properties, rules) });
  const numbers = {
    replicas: { type: 'integer' },
    maxReplicas: { type: 'integer' },
    name: { type: 'string', maxLength: 20 },
  };
  const install = async (definition: CustomResourceDefinition) => {
    await definitions().create(definition);
    await definitions().waitFor('crontabs.stable.example.com', (found) =>
      (found?.status?.conditions ?? []).some(
        ({ type, status }) => type === 'Established' && status === 'True',
      ),
    );
  };
  const create = (spec: Record<string, unknown>) => tabs().create({ metadata: { generateName: 'a' }, spec });

  it('refuse in their own words, with reason and field', async () => {
    await install(
      withRules([
        { rule: 'self.replicas <= self.maxReplicas' },
        { rule: 'self.replicas >= 0', message: 'not negative' },
        {
          rule: 'self.replicas != 13',
          messageExpression: "'%d is unlucky'.format([self.replicas])",
          reason: 'FieldValueForbidden',
          fieldPath: '.replicas',
        },
      ]),
    );
    await create({ replicas: 1, maxReplicas: 2 });
    expect(await causes(create({ replicas: 3, maxReplicas: 2 }))).toEqual([
      'FieldValueInvalid spec: Invalid value: failed rule: self.replicas <= self.maxReplicas',
    ]);
    expect(await causes(create({ replicas: -1, maxReplicas: 2 }))).toEqual([
      'FieldValueInvalid spec: Invalid value: not negative',
    ]);
    expect(await causes(create({ replicas: 13, maxReplicas: 20 }))).toEqual([
      'FieldValueForbidden spec.replicas: Forbidden: 13 is unlucky',
    ]);
    expect(await causes(create({ replicas: 1 }))).toEqual([
      'FieldValueInvalid spec: Invalid value: "object": no such key: maxReplicas evaluating rule: self.replicas <= self.maxReplicas',
    ]);
    expect(await causes(create({ replicas: 'x', maxReplicas: 1 }))).toEqual([
      'FieldValueTypeInvalid spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
      'FieldValueInvalid <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ]);
  });

  it('know what was before', async () => {
    await install(
      withRules([
        { rule: 'self.replicas >= oldSelf.replicas', message: 'grows only' },
        {
          rule: '!oldSelf.hasValue() || self.name == oldSelf.value().name',
          optionalOldSelf: true,
          message: 'keeps its name',
        },
      ]),
    );
    const created = await create({ replicas: 2, name: 'x' });
    const grown = await tabs().replace({ ...created, spec: { replicas: 3, name: 'x' } });
    expect(await causes(tabs().replace({ ...grown, spec: { replicas: 2, name: 'y' } }))).toEqual([
      'FieldValueInvalid spec: Invalid value: grows only',
      'FieldValueInvalid spec: Invalid value: keeps its name',
    ]);
  });

  it('leave what did not change in peace', async () => {
    await install(withRules([]));
    const created = await create({ replicas: 5, maxReplicas: 1 });
    const found = await definitions().get('crontabs.stable.example.com');
    found.spec.versions[0]!.schema = specOf(numbers, [{ rule: 'self.replicas <= self.maxReplicas' }]);
    await definitions().replace(found);
    const labelled = await tabs().patchMerge(created.metadata.name ?? '', {
      metadata: { labels: { a: 'b' } },
    });
    expect(await causes(tabs().replace({ ...labelled, spec: { replicas: 6, maxReplicas: 1 } }))).toEqual([
      'FieldValueInvalid spec: Invalid value: failed rule: self.replicas <= self.maxReplicas',
    ]);
  });

  it('are checked when the definition is written', async () => {
    const at = 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]';
    const told = async (rule: ValidationRule, properties?: Record<string, object>) =>
      (await causes(definitions().create(withRules([rule], properties))))?.join('\n');
    expect(await told({ rule: 'self.replica > 1' })).toMatch(
      /x-kubernetes-validations\[0\]\.rule: Invalid value: .*undefined field 'replica'/s,
    );
    expect(await told({ rule: 'self.replicas' })).toContain('cel expression must evaluate to a bool');
    expect(await told({ rule: 'self.replicas > ' })).toContain('compilation failed: ERROR: <input>:1:');
    expect(await told({ rule: 'true', messageExpression: '1' })).toContain(
      `${at}.messageExpression: Invalid value`,
    );
    expect(await told({ rule: 'true', fieldPath: '.nothing' })).toContain(
      `${at}.fieldPath: Invalid value: ".nothing": must be a valid path`,
    );
    expect(await told({ rule: 'true', optionalOldSelf: true })).toContain(
      'may not be set if oldSelf is not used in rule',
    );
    const list = { l: { type: 'array', items: { type: 'array', items: { type: 'string' } } } };
    expect(await told({ rule: 'self.l.all(x, self.l.all(y, x.all(z, z in y)))' }, list)).toContain(
      'estimated rule cost exceeds budget by factor of more than 100x',
    );
    const items = {
      l: {
        type: 'array',
        items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] },
      },
    };
    expect(await told({ rule: 'true' }, items)).toContain(
      'oldSelf cannot be used on the uncorrelatable portion of the schema',
    );
  });

  it('that cost too much are stopped', async () => {
    await install(
      withRules([{ rule: 'self.l.all(x, self.l.all(y, x + y >= 0))' }], {
        l: { type: 'array', maxItems: 1_000, items: { type: 'integer' } },
      }),
    );
    const start = performance.now();
    const refused = await causes(create({ l: Array.from({ length: 1_000 }, (_, i) => i) }));
    expect(refused?.join()).toContain(
      'no further validation rules will be run due to call cost exceeds limit',
    );
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
