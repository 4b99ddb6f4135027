import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { definitions } from '@kubewright/api/schemas';
import { kindRules } from '@kubewright/apiserver';
import { clientModules, kindsFromCrds } from '@kubewright/client/generate';
import { startTestServer } from '@kubewright/testing';
import { loadAll } from 'js-yaml';
import { expect, it } from 'vitest';
import { tour } from './client-guides/coming.js';
import { CronTab } from './client-guides/crontab/stable/v1.js';
import { everyNight } from './client-guides/generated.js';
import { follow, podsOfNode } from './client-guides/watching.js';

const root = join(import.meta.dirname, '..');

it('generating clients: what is generated is as it was, and the snippet works with it', async () => {
  const crds = loadAll(readFileSync(join(root, 'packages/cli/src/testdata/crontab.yaml'), 'utf8'));
  for (const [path, text] of clientModules(kindsFromCrds(crds), definitions.all()))
    expect(readFileSync(join(root, 'tests/client-guides/crontab', path), 'utf8')).toBe(text);
  const { client, close } = await startTestServer({ kinds: [kindRules(CronTab)] });
  expect(await everyNight(client)).toBe('0 3 * * *');
  await close();
});

it('watching and caching: the snippets see what happens', async () => {
  const { client, close } = await startTestServer();
  const ending = new AbortController();
  const lines: string[] = [];
  const following = follow(client, (line) => lines.push(line), ending.signal);
  expect(await podsOfNode(client, ending.signal)).toEqual(['web-1']);
  await expect.poll(() => lines).toEqual(['added web-1']);
  ending.abort();
  await following;
  await close();
});

it('coming from the official client: the snippets do what they say', async () => {
  const { client, close } = await startTestServer();
  const seen = await tour(client);
  expect(seen).toHaveLength(3);
  expect(seen.slice(1)).toEqual(['TimeoutError', 'gone']);
  await close();
});
