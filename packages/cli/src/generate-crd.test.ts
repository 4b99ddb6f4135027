import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateCrd } from './generate-crd.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-test-'));
});
afterAll(() => rm(directory, { recursive: true }));

const example = fileURLToPath(new URL('../../../examples/own-server/task.ts', import.meta.url));

it('writes a definition for each kind that a module exports', async () => {
  const [generated] = await generateCrd({ modules: [example], out: directory });
  expect(generated?.file).toBe('tasks.tasks.example.dev.yaml');
  const definition = load(await readFile(join(directory, 'tasks.tasks.example.dev.yaml'), 'utf8'));
  expect(definition).toMatchObject({ kind: 'CustomResourceDefinition', spec: { names: { kind: 'Task' } } });
});

it('says what no definition can say, and which modules have no kinds', async () => {
  const file = join(directory, 'pair.mjs');
  const api = new URL('../../api/src/index.ts', import.meta.url).href;
  await writeFile(
    file,
    `import { defineKind } from ${JSON.stringify(api)};
    const either = { anyOf: [{ type: 'object', properties: { a: { type: 'string' } } }, { type: 'boolean' }] };
    export const Pair = defineKind({ group: 'example.dev', version: 'v1', kind: 'Pair', schema: { type: 'object', properties: { spec: either } } });`,
  );
  await expect(generateCrd({ modules: [file] })).rejects.toThrow(
    /properties\[spec\]\.anyOf\[0\]\.type: Forbidden/,
  );
  const empty = join(directory, 'empty.mjs');
  await writeFile(empty, 'export const nothing = 1;');
  await expect(generateCrd({ modules: [empty] })).rejects.toThrow('no export is a kind made with defineKind');
  await expect(generateCrd({ modules: [join(directory, 'absent.mjs')] })).rejects.toThrow("can't be loaded");
});
