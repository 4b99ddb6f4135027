import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInvalid } from '@kubewright/api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Note } from './note.js';
import { serveNotes } from './serve-notes.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'notes-'));
});
afterAll(() => rm(directory, { recursive: true }));

it('notes are kept, checked, selected and watched, and survive the server', async () => {
  const first = await serveNotes(directory);
  const ada = (await first.clientFor('ada')).resource(Note).namespace('default');
  const made = await ada.create({ metadata: { name: 'one' }, spec: { author: 'ada', text: 'first' } });
  expect(made.spec.pinned).toBe(false);
  await ada.create({ metadata: { name: 'two' }, spec: { author: 'bob', text: 'second' } });
  const nameless = ada.create({ metadata: { name: 'three' }, spec: { author: '', text: '' } });
  await expect(nameless).rejects.toSatisfy(isInvalid);

  const { items } = await ada.list({ fieldSelector: 'spec.author=ada' });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['one']);
  const { columnDefinitions, rows } = await ada.table();
  expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Author']);
  expect(rows.map(({ cells }) => cells)).toEqual([
    ['one', 'ada'],
    ['two', 'bob'],
  ]);

  const events = ada.watch({ resourceVersion: made.metadata.resourceVersion });
  await ada.patchMerge('one', { spec: { pinned: true } });
  const seen: string[] = [];
  for await (const { type, object } of events) if (seen.push(`${type} ${object.metadata.name}`) === 2) break;
  expect(seen).toEqual(['ADDED two', 'MODIFIED one']);
  await first.close();

  const second = await serveNotes(directory);
  const bob = (await second.clientFor('bob')).resource(Note).namespace('default');
  expect((await bob.get('one')).spec).toEqual({ author: 'ada', text: 'first', pinned: true });
  await second.close();
});
