import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineKind, isApiError } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { PkiDirectory } from '@kubewright/apiserver';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CronTab, crontabs, specOf } from './crontab.js';

const at = (version: string) =>
  defineKind({ group: 'stable.example.com', version, kind: 'CronTab', schema: { type: 'object' } as const });

describe('a conversion webhook in a process of its own', () => {
  let directory: string;
  let webhook: ChildProcess;
  let server: TestServer;
  let pki: PkiDirectory;
  let url: string;
  const tabs = (version: string) => server.client.resource<CronTab>(at(version)).namespace('default');
  const messageOf = async (run: Promise<unknown>) => {
    const error = await run.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return isApiError(error) ? `${error.code} ${error.message}` : `not refused: ${String(error)}`;
  };
  const install = async (ca: string, target = url) => {
    const definitions = server.client.resource(CustomResourceDefinition);
    const v1 = specOf({ host: { type: 'string' }, port: { type: 'integer' } });
    const v2 = specOf({ address: { type: 'string' } });
    const definition = crontabs(
      { schema: v1, subresources: { status: {} }, selectableFields: [{ jsonPath: '.spec.host' }] },
      [
        {
          name: 'v2',
          served: true,
          storage: false,
          schema: v2,
          subresources: { status: {} },
          selectableFields: [{ jsonPath: '.spec.address' }],
        },
      ],
    );
    const clientConfig = { url: target, caBundle: Buffer.from(ca).toString('base64') };
    definition.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig, conversionReviewVersions: ['v1'] },
    };
    await definitions.create(definition);
    await definitions.waitFor('crontabs.stable.example.com', (found) =>
      (found?.status?.conditions ?? []).some(
        ({ type, status }) => type === 'Established' && status === 'True',
      ),
    );
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kubewright-test-'));
    pki = await PkiDirectory.open(join(directory, 'pki'));
    const { certificate, key } = await pki.server('webhook', 'webhook', ['127.0.0.1']);
    webhook = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('converter.child.ts', import.meta.url))],
      { env: { ...process.env, CERTIFICATE: certificate, KEY: key }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [port] = (await once(webhook.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    url = `https://127.0.0.1:${port.toString().trim()}/convert`;
    server = await startTestServer();
    await install(pki.authority.certificate);
  }, 60_000);
  afterAll(async () => {
    webhook.kill('SIGKILL');
    await server.close();
    await rm(directory, { recursive: true });
  });

  it('converts what is read, written, listed and watched', async () => {
    await tabs('v1').create({ metadata: { name: 'one' }, spec: { host: 'a', port: 1 } });
    const created = await tabs('v2').create({ metadata: { name: 'two' }, spec: { address: 'b:2' } });
    expect(created.spec).toEqual({ address: 'b:2' });
    expect(await tabs('v2').get('one')).toMatchObject({
      apiVersion: 'stable.example.com/v2',
      metadata: { labels: { converted: 'yes' } },
      spec: { address: 'a:1' },
    });
    expect((await tabs('v1').get('two')).spec).toEqual({ host: 'b', port: 2 });
    const { items } = await tabs('v2').list();
    expect(items.map(({ spec }) => spec)).toEqual([{ address: 'a:1' }, { address: 'b:2' }]);

    const seen: unknown[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { type, object } of tabs('v2').watch({ resourceVersion: '0', signal: stop.signal }))
        if (type !== 'BOOKMARK') seen.push([type, (object as CronTab).spec]);
    })();
    watching.catch(() => undefined);
    await expect
      .poll(() => seen)
      .toEqual([
        ['ADDED', { address: 'a:1' }],
        ['ADDED', { address: 'b:2' }],
      ]);
    const changed = await tabs('v2').patchMerge('one', { spec: { address: 'c:3' } });
    expect(changed.spec).toEqual({ address: 'c:3' });
    expect((await tabs('v1').get('one')).spec).toEqual({ host: 'c', port: 3 });
    await expect.poll(() => seen.at(-1)).toEqual(['MODIFIED', { address: 'c:3' }]);
    stop.abort();
    await tabs('v2').delete('two');
    await tabs('v2').delete('one');
  });

  it('is asked of the objects of a version, for their labels and fields', async () => {
    await tabs('v1').create({ metadata: { name: 'one' }, spec: { host: 'a', port: 1 } });
    await tabs('v2').create({ metadata: { name: 'two' }, spec: { address: 'b:2' } });
    const names = async (version: string, selector: object) =>
      (await tabs(version).list(selector)).items.map(({ metadata }) => metadata.name);
    expect(await names('v2', { fieldSelector: 'spec.address=a:1' })).toEqual(['one']);
    expect(await names('v2', { fieldSelector: 'spec.address!=a:1,metadata.name!=one' })).toEqual(['two']);
    expect(await names('v2', { labelSelector: 'shown=v2' })).toEqual(['one', 'two']);
    expect(await names('v1', { labelSelector: 'shown=v2' })).toEqual([]);
    expect(await names('v1', { fieldSelector: 'spec.host=b' })).toEqual(['two']);
    const page = await tabs('v2').list({ labelSelector: 'shown=v2', limit: 1 });
    expect(page.items.map(({ metadata }) => metadata.name)).toEqual(['one']);
    const rest = await tabs('v2').list({
      labelSelector: 'shown=v2',
      limit: 1,
      continue: page.metadata?.continue ?? '',
    });
    expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['two']);

    const seen: unknown[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      const selected = { fieldSelector: 'spec.address=c:3', resourceVersion: '0', signal: stop.signal };
      for await (const { type, object } of tabs('v2').watch(selected))
        if (type !== 'BOOKMARK') seen.push([type, object.metadata.name, (object as CronTab).spec]);
    })();
    watching.catch(() => undefined);
    await tabs('v1').patchMerge('one', { spec: { host: 'c', port: 3 } });
    await expect.poll(() => seen).toEqual([['ADDED', 'one', { address: 'c:3' }]]);
    await tabs('v1').patchMerge('one', { spec: { port: 4 } });
    await expect.poll(() => seen.at(-1)).toEqual(['DELETED', 'one', { address: 'c:3' }]);
    stop.abort();

    await tabs('v2').deleteCollection({ fieldSelector: 'spec.address=b:2' });
    expect(await names('v1', {})).toEqual(['one']);
    await tabs('v1').delete('one');
  });

  it('shows the metadata of a version, alone and in tables', async () => {
    await tabs('v1').create({ metadata: { name: 'one' }, spec: { host: 'a', port: 1 } });
    const listed = async (as: string) =>
      server.client.requester.json<{
        readonly items?: readonly { readonly metadata: object }[];
        readonly rows?: readonly { readonly object: { readonly metadata: object } }[];
      }>({
        method: 'GET',
        path: '/apis/stable.example.com/v2/namespaces/default/crontabs',
        accept: `application/json;as=${as};v=v1;g=meta.k8s.io`,
      });
    const labels = { converted: 'yes', shown: 'v2' };
    expect((await listed('PartialObjectMetadataList')).items?.[0]?.metadata).toMatchObject({ labels });
    expect((await listed('Table')).rows?.[0]?.object.metadata).toMatchObject({ labels });
    await tabs('v1').delete('one');
  });

  it('tells owners of fields apart at the version that each wrote', async () => {
    const applied = (version: string, manager: string, spec: object, force = false) =>
      tabs(version).apply({ metadata: { name: 'owned' }, spec }, { fieldManager: manager, force });
    const managersOf = async () =>
      (await tabs('v1').get('owned')).metadata.managedFields?.map(({ manager, apiVersion, fieldsV1 }) => [
        manager,
        apiVersion,
        Object.keys((fieldsV1 as Record<string, object>)['f:spec'] ?? {}),
      ]);
    await applied('v1', 'x', { host: 'h', port: 1 });
    // What was listed at v1 is not what v2 lists, and is taken for it.
    expect((await applied('v2', 'x', { address: 'h:2' })).spec).toEqual({ address: 'h:2' });
    expect(await managersOf()).toEqual([['x', 'stable.example.com/v2', ['f:address']]]);
    await expect(applied('v2', 'y', { address: 'z:2' })).rejects.toThrow('conflict with "x": .spec.address');
    await expect(applied('v1', 'y', { host: 'z' })).rejects.toThrow(
      'Apply failed with 1 conflict: conflict with "x": .spec.address',
    );
    await applied('v1', 'y', { host: 'z' }, true);
    expect(await managersOf()).toEqual([['y', 'stable.example.com/v1', ['f:host']]]);
    await tabs('v2').patchMerge('owned', { spec: { address: 'k:9' } }, { fieldManager: 'm' });
    expect(await managersOf()).toEqual([['m', 'stable.example.com/v2', ['f:address']]]);
    await tabs('v1').delete('owned');
  });

  const object = 'returned invalid object: must have the same ';
  const atZero = 'returned invalid object at index 0: invalid ';
  it.each([
    ['rubbish', 'failed: '],
    ['refuse', 'failed: not today'],
    ['refuse-silently', "failed: response.result.status was 'Failure', not 'Success'"],
    ['no-result', "failed: response.result.status was '', not 'Success'"],
    ['no-response', 'failed: no response provided'],
    ['other-uid', 'failed: expected response.uid='],
    ['fail', 'failed: an error on the server ("unknown") has prevented the request from succeeding'],
    ['move', 'failed: '],
    ['lose', 'returned 0 objects, expected 1'],
    ['double', 'returned 2 objects, expected 1'],
    ['rename', `${object}name: bad != other`],
    ['move-namespace', `${object}namespace: default != elsewhere`],
    ['change-uid', `${object}UID: `],
    ['no-metadata', `${object}name: bad != `],
    ['text-for-metadata', `${object}name: bad != `],
    ['other-kind', `${atZero}kind (expected CronTab, received Other)`],
    [
      'other-version',
      `${atZero}groupVersion (expected stable.example.com/v2, received stable.example.com/v9)`,
    ],
    ['bad-label', 'returned invalid metadata: metadata.labels: Invalid value: "a b": '],
    [
      'number-label',
      'returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object',
    ],
    [
      'text-for-labels',
      'returned invalid metadata: invalid metadata.labels of type string in converted object',
    ],
    ['bad-annotation', 'returned invalid metadata: metadata.annotation: Invalid value: "a b": '],
  ])('that answers with %s fails that request and no other', async (misbehave, message) => {
    const annotations = { misbehave };
    await tabs('v1').create({ metadata: { name: 'bad', annotations }, spec: { host: 'a', port: 1 } });
    const refusal = await messageOf(tabs('v2').get('bad'));
    expect(refusal).toContain(`500 conversion webhook for stable.example.com/v1, Kind=CronTab ${message}`);
    expect((await tabs('v1').get('bad')).spec).toEqual({ host: 'a', port: 1 });
    await tabs('v1').delete('bad');
  });

  it('changes nothing of the metadata but labels and annotations', async () => {
    const annotations = { misbehave: 'more-metadata' };
    const made = await tabs('v1').create({ metadata: { name: 'kept', annotations }, spec: { host: 'a' } });
    const { creationTimestamp, generation, finalizers } = (await tabs('v2').get('kept')).metadata;
    expect({ creationTimestamp, generation, finalizers }).toEqual({
      creationTimestamp: made.metadata.creationTimestamp,
      generation: 1,
      finalizers: undefined,
    });
    await tabs('v1').delete('kept');
  });

  it('that hangs fails a request within the time of that request, and no other', async () => {
    const annotations = { misbehave: 'hang' };
    await tabs('v1').create({ metadata: { name: 'slow', annotations }, spec: { host: 'a', port: 1 } });
    const hanging = server.client.requester.json({
      method: 'GET',
      path: '/apis/stable.example.com/v2/namespaces/default/crontabs/slow?timeout=1s',
    });
    const refused = messageOf(hanging);
    expect((await tabs('v1').get('slow')).spec).toEqual({ host: 'a', port: 1 });
    expect(await refused).toMatch(/^50[04] /);
    await tabs('v1').delete('slow');
  });

  it('with a certificate of somebody else is not spoken to', async () => {
    const definitions = server.client.resource(CustomResourceDefinition);
    const other = await PkiDirectory.open(join(directory, 'other'));
    await definitions.patchMerge('crontabs.stable.example.com', {
      spec: {
        conversion: {
          webhook: {
            clientConfig: { caBundle: Buffer.from(other.authority.certificate).toString('base64') },
          },
        },
      },
    } as never);
    await tabs('v1').create({ metadata: { name: 'x' }, spec: { host: 'a', port: 1 } });
    expect(await messageOf(tabs('v2').get('x'))).toMatch(
      /500 .*conversion webhook .* failed: Post .*(certificate|self.signed)/,
    );
    await tabs('v1').delete('x');
  });
});
