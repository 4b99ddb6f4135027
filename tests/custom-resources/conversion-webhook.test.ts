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
    const definition = crontabs({ schema: v1, subresources: { status: {} } }, [
      { name: 'v2', served: true, storage: false, schema: v2, subresources: { status: {} } },
    ]);
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

  it.each([
    ['rubbish', 'failed: '],
    ['refuse', 'failed: not today'],
    ['other-uid', 'failed: expected response.uid='],
    ['lose', 'returned 0 objects, expected 1'],
    ['rename', 'must have the same name: bad != other'],
  ])('that answers with %s fails that request and no other', async (misbehave, message) => {
    const annotations = { misbehave };
    await tabs('v1').create({ metadata: { name: 'bad', annotations }, spec: { host: 'a', port: 1 } });
    const refusal = await messageOf(tabs('v2').get('bad'));
    expect(refusal).toContain(
      '500 Internal error occurred: conversion webhook for stable.example.com/v1, Kind=CronTab ',
    );
    expect(refusal).toContain(message);
    expect((await tabs('v1').get('bad')).spec).toEqual({ host: 'a', port: 1 });
    await tabs('v1').delete('bad');
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
