import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { crdOf } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { kindRules } from '@kubewright/apiserver';
import { Client } from '@kubewright/client';
import { startTestServer } from '@kubewright/testing';
import { expect, it } from 'vitest';
import { kubectlPath } from '../../tests/kubectl.js';
import { serveTasks } from './server.js';
import { Task, taskRules } from './task.js';

it('tasks get what they leave out, keep their owner, are approved once and tell how they go', async () => {
  const { client, clientFor, close } = await startTestServer({ kinds: [taskRules] });
  const alice = clientFor({ name: 'alice', groups: ['system:masters'] });
  const tasks = alice.resource(Task).namespace('default');
  const task = await tasks.create({ metadata: { name: 'one' }, spec: { title: 'Write it down' } });
  expect(task.spec).toEqual({
    title: 'Write it down',
    priority: 'normal',
    slug: 'write-it-down',
    owner: 'alice',
  });
  await expect(tasks.patchMerge('one', { spec: { owner: 'bob' } })).rejects.toThrow('stays with whom');
  await expect(tasks.patchMerge('one', { spec: { priority: 'huge' as 'high' } })).rejects.toThrow(
    'Unsupported value: "huge": supported values: "low", "normal", "high"',
  );
  const at = '/apis/tasks.example.dev/v1/namespaces/default/tasks/one';
  const approve = () => client.requester.json<Task>({ method: 'POST', path: `${at}/approve`, body: {} });
  expect((await approve()).status).toEqual({ approvedBy: 'admin' });
  await expect(approve()).rejects.toThrow('it is approved already');
  await expect(tasks.delete('one')).rejects.toThrow('status.approvedBy: Forbidden: what is approved stays');
  const bob = clientFor({ name: 'bob', groups: [] }).resource(Task).namespace('default');
  const urgent = { title: 'Now', priority: 'high' } as const;
  await expect(bob.create({ metadata: { name: 'two' }, spec: urgent })).rejects.toThrow(
    'tasks.tasks.example.dev "two" is forbidden: only masters say what is urgent',
  );
  await tasks.create({ metadata: { name: 'two' }, spec: urgent });
  await tasks.delete('two');
  await close();
});

it.skipIf(kubectlPath === undefined)('kubectl works with it', async () => {
  const directory = await mkdtemp(`${tmpdir()}/kubewright-tasks-`);
  const server = await serveTasks(directory);
  const run = async (...args: string[]) =>
    (await promisify(execFile)(kubectlPath ?? '', ['--kubeconfig', `${directory}/kubeconfig`, ...args]))
      .stdout;
  const client = await Client.fromKubeconfig({ path: `${directory}/kubeconfig` });
  await client
    .resource(Task)
    .namespace('default')
    .create({ metadata: { name: 'one' }, spec: { title: 'Look' } });
  expect(await run('get', 'tk')).toMatch(/NAME\s+TITLE\s+APPROVED BY\none\s+Look/);
  expect(await run('explain', 'task.spec.priority')).toContain('priority');
  expect(
    await run('get', '--raw', '/apis/tasks.example.dev/v1/namespaces/default/tasks/one/progress?steps=2'),
  ).toBe('Look: step 1\nLook: step 2\n');
  await client.close();
  await server.close();
  await rm(directory, { recursive: true });
});

it('the same kind is a CustomResourceDefinition to any other cluster', async () => {
  const { client, close } = await startTestServer();
  await client.resource(CustomResourceDefinition).create(crdOf(Task));
  await client
    .resource(CustomResourceDefinition)
    .waitFor('tasks.tasks.example.dev', (found) =>
      (found?.status?.conditions ?? []).some(
        ({ type, status }) => type === 'Established' && status === 'True',
      ),
    );
  const tasks = client.resource(Task).namespace('default');
  const { spec } = await tasks.create({ metadata: { name: 'one' }, spec: { title: 'There, too' } });
  expect(spec).toEqual({ title: 'There, too', priority: 'normal' });
  await expect(tasks.create({ metadata: { name: 'two' }, spec: { title: '' } })).rejects.toThrow(
    'spec.title',
  );
  await close();
});

it('a kind may be answered by a function, and be kept nowhere', async () => {
  const { client, close } = await startTestServer({
    kinds: [
      kindRules<Task>(Task, {
        source: {
          get: async (namespace, name) => ({
            metadata: { namespace, name },
            spec: { title: `You asked for ${name}` },
          }),
          list: async (namespace = 'default') => [
            { metadata: { namespace, name: 'only' }, spec: { title: 'One' } },
          ],
        },
      }),
    ],
  });
  const tasks = client.resource(Task).namespace('default');
  expect((await tasks.get('this')).spec.title).toBe('You asked for this');
  expect((await tasks.list()).items.map(({ metadata }) => metadata.name)).toEqual(['only']);
  expect((await tasks.list({ fieldSelector: 'metadata.name=other' })).items).toEqual([]);
  await expect(tasks.create({ metadata: { name: 'x' }, spec: { title: 'x' } })).rejects.toThrow(
    'does not allow',
  );
  await close();
});
