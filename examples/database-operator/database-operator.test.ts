import { crdOf } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { Deployment } from '@kubewright/api/apps/v1';
import { Pod, Secret } from '@kubewright/api/core/v1';
import { type Client, readManifests, VirtualClock } from '@kubewright/client';
import { Manager } from '@kubewright/controllers';
import { explore, startTestServer } from '@kubewright/testing';
import { expect, it, vi } from 'vitest';
import { addBackupController } from './backup-controller.js';
import { addDatabaseController } from './database-controller.js';
import { Backup, Database } from './kinds.js';

/** What `kubectl apply -f crds/` does. */
async function install(client: Client): Promise<void> {
  const definitions = await readManifests(`${import.meta.dirname}/crds`);
  await client.applyObjects(definitions);
  for (const { metadata } of definitions)
    await client
      .resource(CustomResourceDefinition)
      .waitFor(metadata.name ?? '', (definition) =>
        (definition?.status?.conditions ?? []).some(
          ({ type, status }) => type === 'Established' && status === 'True',
        ),
      );
}

const spec = { image: 'example.com/db:1', backup: { everySeconds: 900, keep: 2 } };
const within = (client: Client) => ({
  databases: client.resource(Database).namespace('default'),
  backups: client.resource(Backup).namespace('default'),
  pods: client.resource(Pod).namespace('default'),
});

function addOperator(manager: Manager): void {
  addDatabaseController(manager);
  addBackupController(manager);
}

it('the definitions are those of the kinds', async () => {
  const definitions = await readManifests(`${import.meta.dirname}/crds`);
  expect(definitions).toEqual([crdOf(Backup), crdOf(Database)]);
});

it('an hour of a database has its backups, in a moment', async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const { client, close } = await startTestServer({ clock });
  await install(client);
  const { databases, backups, pods } = within(client);
  const stop = new AbortController();
  const manager = new Manager(client, { signal: stop.signal });
  addOperator(manager);
  await manager.start();
  await databases.create({ metadata: { name: 'shop' }, spec });
  for (let round = 0; round < 6; round++) {
    const name = `shop-${clock.now() / 1000}`;
    await pods.waitFor(name, (pod) => pod !== undefined);
    await pods.status.patchMerge(name, { status: { phase: round === 5 ? 'Failed' : 'Succeeded' } });
    await backups.waitFor(name, (backup) => (backup?.status?.phase ?? 'Running') !== 'Running');
    if (round < 5) await clock.advance(900_000);
  }
  await vi.waitFor(
    async () => {
      const { items } = await backups.list();
      expect(items.map(({ status }) => status?.phase)).toEqual(['Succeeded', 'Failed']);
      expect((await databases.get('shop')).status?.lastBackup).toBe('2026-01-01T01:15:00Z');
    },
    { timeout: 15_000 },
  );
  stop.abort();
  await manager.done;
  await close();
});

it('the operator survives crashes, lost answers, stale caches and two leaders', async () => {
  await explore(
    addOperator,
    {
      prepare: install,
      steps: {
        'makes a database': (client) => within(client).databases.create({ metadata: { name: 'shop' }, spec }),
        'takes another image': (client) =>
          within(client).databases.patchMerge('shop', { spec: { image: 'example.com/db:2' } }),
      },
      always: {
        'no interval has two backups': async (client) => {
          const { items } = await within(client).backups.list();
          expect(items.length).toBeLessThanOrEqual(1);
        },
      },
      finally: {
        'the database is as wanted': async (client) => {
          const deployment = await client.resource(Deployment).namespace('default').get('shop');
          expect(deployment.spec?.template.spec?.containers[0]?.image).toBe('example.com/db:2');
          await client.resource(Secret).namespace('default').get('shop-password');
        },
        'its backup runs in one pod': async (client) => {
          expect((await within(client).pods.list()).items).toHaveLength(1);
          const { items } = await within(client).backups.list();
          expect(items.map(({ status }) => status?.phase)).toEqual(['Running']);
        },
      },
    },
    { singleRuns: 16, randomRuns: 4 },
  );
}, 120_000);
