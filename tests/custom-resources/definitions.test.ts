import { defineKind, isApiError, type Status } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import type { Client, ResourceClient } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CronTab, crontabs, specOf } from './crontab.js';

const any = (version: string) =>
  defineKind({ group: 'stable.example.com', version, kind: 'CronTab', schema: { type: 'object' } as const });

describe('a CustomResourceDefinition', () => {
  let server: TestServer;
  let client: Client;
  let definitions: ResourceClient<CustomResourceDefinition>;
  beforeEach(async () => {
    server = await startTestServer();
    client = server.client;
    definitions = client.resource(CustomResourceDefinition);
  });
  afterEach(() => server.close());

  const install = async (definition: CustomResourceDefinition) => {
    await definitions.create(definition);
    return definitions.waitFor(definition.metadata.name ?? '', (found) =>
      (found?.status?.conditions ?? []).some(
        ({ type, status }) => type === 'Established' && status === 'True',
      ),
    );
  };
  const tabs = (version = 'v1') => client.resource<CronTab>(any(version)).namespace('default');
  const refusal = async (run: Promise<unknown>): Promise<Status> => {
    const error = await run.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!isApiError(error)) throw new Error(`not refused: ${String(error)}`);
    return error.toStatus();
  };
  const causes = async (run: Promise<unknown>) =>
    (await refusal(run)).details?.causes?.map(({ field, message }) => `${field}: ${message}`);

  it('is served once it is established, and says so', async () => {
    const installed = await install(crontabs());
    expect(installed?.status).toMatchObject({
      acceptedNames: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', listKind: 'CronTabList' },
      storedVersions: ['v1'],
      conditions: [
        { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' },
        { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
      ],
    });
    const created = await tabs().create({ metadata: { name: 'a' }, spec: { cronSpec: '* * * * *' } });
    expect(created).toMatchObject({ metadata: { generation: 1 }, spec: { image: 'busybox', replicas: 1 } });
    const raw = await tabs().list();
    expect(raw.items[0]).toMatchObject({ apiVersion: 'stable.example.com/v1', kind: 'CronTab' });
  });

  it('is refused with all that is wrong with it', async () => {
    const wrong = crontabs({
      name: 'V1',
      additionalPrinterColumns: [{ name: '', type: 'text', jsonPath: 'spec' }],
      subresources: { scale: { specReplicasPath: '.status.x', statusReplicasPath: '' } },
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: {
            spec: {
              properties: {
                a: { type: 'array' },
                b: { type: 'string', pattern: '(' },
                c: { type: 'integer', default: 'x' },
              },
              anyOf: [{ type: 'object' }],
            },
          },
        },
      },
    });
    wrong.spec.group = 'nodots';
    wrong.spec.versions[0]!.storage = false;
    expect(await causes(definitions.create(wrong))).toEqual([
      'metadata.name: Invalid value: "crontabs.stable.example.com": must be spec.names.plural+"."+spec.group',
      'spec.group: Invalid value: "nodots": should be a domain with at least one dot',
      expect.stringContaining('spec.versions[0].name: Invalid value: "V1": a DNS-1035 label must consist of'),
      'spec.versions: Invalid value: [{"Name":"V1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
      expect.stringContaining('spec.version: Invalid value: "V1": a DNS-1035 label must consist of'),
      'spec.validation.openAPIV3Schema.properties[spec].anyOf[0].type: Forbidden: must be empty to be structural',
      'spec.validation.openAPIV3Schema.properties[spec].properties[a].items: Required value: must be specified',
      `spec.validation.openAPIV3Schema.properties[spec].properties[b].pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`(\``,
      'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
      'spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec',
      'spec.subresources.scale.statusReplicasPath: Required value',
      'spec.additionalPrinterColumns[0].name: Required value',
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path starting with .',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ]);
    const preset = crontabs({ schema: specOf({ n: { type: 'integer', default: 'x' } }) });
    expect(await causes(definitions.create(preset))).toEqual(
      [
        'spec.validation.openAPIV3Schema.properties[spec].properties[n].default: Invalid value: "string": spec.validation.openAPIV3Schema.properties[spec].properties[n].default in body must be of type integer: "string"',
      ].map((text) => expect.stringContaining(text.slice(0, 80))),
    );
  });

  it('is served whatever somebody makes of its status, and what is stored stays among its versions', async () => {
    await install(crontabs());
    const name = 'crontabs.stable.example.com';
    for (const status of [{ storedVersions: null }, { storedVersions: [] }, null]) {
      const patched = await definitions.status.patchMerge(name, { status });
      expect(patched.status?.storedVersions).toEqual(['v1']);
      expect(await tabs().list()).toMatchObject({ items: [] });
    }
  });

  it('changes take effect at once, and watches go on', async () => {
    await install(crontabs({ schema: specOf({ old: { type: 'string' } }) }));
    await tabs().create({ metadata: { name: 'a' }, spec: { old: 'x' } });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type, object } of tabs().watch({ resourceVersion: '0' }))
        seen.push(`${type} ${JSON.stringify((object as CronTab).spec)}`);
    })();
    watching.catch(() => undefined);
    await expect.poll(() => seen).toEqual(['ADDED {"old":"x"}']);

    const found = await definitions.get('crontabs.stable.example.com');
    found.spec.versions[0]!.schema = specOf({
      fresh: { type: 'string', default: 'yes' },
      n: { type: 'integer' },
    });
    await definitions.replace(found);
    expect((await tabs().get('a')).spec).toEqual({ fresh: 'yes' });
    expect((await tabs().list()).items.map(({ spec }) => spec)).toEqual([{ fresh: 'yes' }]);
    expect(await causes(tabs().create({ metadata: { name: 'b' }, spec: { n: 'x' } }))).toEqual([
      'spec.n: Invalid value: "string": spec.n in body must be of type integer: "string"',
    ]);
    await tabs().create({ metadata: { name: 'c' }, spec: { n: 1 } });
    await expect.poll(() => seen).toEqual(['ADDED {"old":"x"}', 'ADDED {"n":1,"fresh":"yes"}']);

    // What was pruned from reads is stored still.
    const again = await definitions.get('crontabs.stable.example.com');
    again.spec.versions[0]!.schema = specOf({ old: { type: 'string' } });
    await definitions.replace(again);
    expect((await tabs().get('a')).spec).toEqual({ old: 'x' });
  });

  it('holds what did not change to no new rule', async () => {
    await install(crontabs({ schema: specOf({ a: { type: 'string' }, b: { type: 'string' } }) }));
    const a = await tabs().create({ metadata: { name: 'a' }, spec: { a: 'long', b: 'x' } });
    const found = await definitions.get('crontabs.stable.example.com');
    found.spec.versions[0]!.schema = specOf({ a: { type: 'string', maxLength: 2 }, b: { type: 'string' } });
    await definitions.replace(found);
    const updated = await tabs().replace({ ...a, spec: { a: 'long', b: 'y' } });
    expect(updated.spec).toEqual({ a: 'long', b: 'y' });
    expect(await causes(tabs().replace({ ...updated, spec: { a: 'longer', b: 'y' } }))).toEqual([
      'spec.a: Too long: may not be more than 2 bytes',
    ]);
  });

  it('serves several versions of what is stored at one', async () => {
    const schema = specOf({ a: { type: 'string' }, b: { type: 'string', default: 'v2' } });
    await install(
      crontabs({ schema: specOf({ a: { type: 'string' } }), deprecated: true }, [
        { name: 'v2', served: true, storage: false, schema },
        { name: 'v3', served: false, storage: false, schema },
      ]),
    );
    await tabs().create({ metadata: { name: 'a' }, spec: { a: 'x' } });
    expect(await tabs('v2').get('a')).toMatchObject({
      apiVersion: 'stable.example.com/v2',
      spec: { a: 'x' },
    });
    // What the stored version does not have is not stored, and is not there in the answer.
    const own = await tabs('v2').create({ metadata: { name: 'b' }, spec: { a: 'y', b: 'own' } });
    expect(own).toMatchObject({ apiVersion: 'stable.example.com/v2', spec: { a: 'y' } });
    expect(own.spec).toEqual({ a: 'y' });
    expect((await tabs().get('b')).spec).toEqual({ a: 'y' });
    expect((await tabs('v2').get('b')).spec).toEqual({ a: 'y' });
    expect((await tabs('v2').patchMerge('b', { spec: { a: 'z' } })).spec).toEqual({ a: 'z' });
    expect((await refusal(tabs('v3').get('a'))).code).toBe(404);

    const found = await definitions.get('crontabs.stable.example.com');
    for (const version of found.spec.versions) version.storage = version.name === 'v2';
    const { status } = await definitions.replace(found);
    expect(status?.storedVersions).toEqual(['v1', 'v2']);
    expect((await tabs('v2').get('a')).spec).toEqual({ a: 'x' });
    const gone = await definitions.get('crontabs.stable.example.com');
    gone.spec.versions.shift();
    expect(await causes(definitions.replace(gone))).toEqual([
      expect.stringContaining('status.storedVersions[0]: Invalid value: "v1": missing from spec.versions'),
    ]);
  });

  it('gets the names that are free, and those that become so', async () => {
    await install(crontabs());
    const other: CustomResourceDefinition = {
      metadata: { name: 'others.stable.example.com' },
      spec: { ...crontabs().spec, names: { plural: 'others', kind: 'Other', shortNames: ['ct'] } },
    };
    await definitions.create(other);
    const refused = await definitions.waitFor(
      'others.stable.example.com',
      (one) => one?.status?.conditions !== undefined,
    );
    expect(refused?.status?.conditions).toMatchObject([
      {
        type: 'NamesAccepted',
        status: 'False',
        reason: 'ShortNamesConflict',
        message: '"ct" is already in use',
      },
      { type: 'Established', status: 'False', reason: 'NotAccepted' },
    ]);
    expect(server.server.resources.at('stable.example.com', 'v1', 'others')).toBeUndefined();
    await definitions.delete('crontabs.stable.example.com');
    await definitions.waitFor('others.stable.example.com', (one) =>
      (one?.status?.conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True'),
    );
  });

  it('goes when its objects are gone, and takes no new ones meanwhile', async () => {
    await install(crontabs({ schema: specOf({}) }));
    await tabs().create({ metadata: { name: 'free' } });
    await tabs().create({ metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    await definitions.delete('crontabs.stable.example.com');
    await expect
      .poll(async () => (await tabs().list()).items.map(({ metadata }) => metadata.name))
      .toEqual(['held']);
    const terminating = await definitions.get('crontabs.stable.example.com');
    expect(terminating.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    expect(terminating.status?.conditions?.find(({ type }) => type === 'Terminating')).toMatchObject({
      status: 'True',
      reason: 'InstanceDeletionInProgress',
    });
    expect(await refusal(tabs().create({ metadata: { name: 'late' } }))).toMatchObject({
      code: 403,
      message:
        'crontabs.stable.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
    });
    await tabs().patchMerge('held', { metadata: { finalizers: [] } });
    await definitions.waitFor('crontabs.stable.example.com', (one) => one === undefined);
  });

  it('checks list types, embedded objects and unions as upstream does', async () => {
    await install(
      crontabs({
        schema: specOf({
          set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
          ports: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['port', 'protocol'],
            items: {
              type: 'object',
              required: ['port'],
              properties: { port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' } },
            },
          },
          template: {
            type: 'object',
            'x-kubernetes-embedded-resource': true,
            'x-kubernetes-preserve-unknown-fields': true,
          },
          size: { 'x-kubernetes-int-or-string': true },
          maybe: { type: 'string', nullable: true },
          one: {
            type: 'object',
            properties: { a: { type: 'string' }, b: { type: 'string' } },
            oneOf: [{ required: ['a'] }, { required: ['b'] }],
          },
        }),
      }),
    );
    const spec = {
      set: ['a', 'b', 'a'],
      ports: [{ port: 80 }, { port: 80, protocol: 'UDP' }, { port: 80, protocol: 'TCP' }],
      template: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'x', labels: { '!': 'y' } },
        spec: { any: 1 },
      },
      size: true,
      maybe: null,
      one: { a: 'x', b: 'y' },
    };
    expect(await causes(tabs().create({ metadata: { name: 'a' }, spec }))).toEqual([
      'spec.size: Invalid value: "boolean": spec.size in body must be of type integer,string: "boolean"',
      '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      expect.stringContaining('spec.template.metadata.labels: Invalid value: "!"'),
      'spec.set[2]: Duplicate value: "a"',
      'spec.ports[2]: Duplicate value: {"port":80,"protocol":"TCP"}',
    ]);
    const right = { ...spec, set: ['a'], ports: [{ port: 80 }], size: '50%', one: { a: 'x' } };
    right.template = { ...spec.template, metadata: { name: 'x' } } as never;
    const created = await tabs().create({ metadata: { name: 'a' }, spec: right });
    expect(created.spec).toMatchObject({
      maybe: null,
      template: { spec: { any: 1 } },
      ports: [{ port: 80, protocol: 'TCP' }],
    });
  });

  it('updates need the version that they change', async () => {
    await install(crontabs());
    await tabs().create({ metadata: { name: 'a' }, spec: { cronSpec: '* * * * *' } });
    expect(
      await causes(tabs().replace({ metadata: { name: 'a' }, spec: { cronSpec: '* * * * *' } })),
    ).toEqual(['metadata.resourceVersion: Invalid value: 0: must be specified for an update']);
  });
});
