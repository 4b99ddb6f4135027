import { randomBytes } from 'node:crypto';
import { controllerOf, formatTime, isAlreadyExists, isNotFound, ownerReference } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import { Secret, Service } from '@kubewright/api/core/v1';
import {
  applyChildren,
  child,
  type Manager,
  type ReconcileContext,
  updateStatus,
} from '@kubewright/controllers';
import { Backup, Database } from './kinds.js';

const fieldManager = 'database-operator';

/** Runs databases, and starts their backups when it is time. */
export function addDatabaseController(manager: Manager): void {
  const databases = manager.informer(Database);
  const deployments = manager.informer(Deployment);
  manager
    .controller(Database)
    .owns(Deployment)
    .owns(Service)
    .owns(Backup)
    .reconcile(async ({ namespace, name }, context) => {
      const database = databases.get(name, namespace);
      if (database === undefined || database.metadata.deletionTimestamp !== undefined) return undefined;
      await ensurePassword(database, context);
      await applyParts(database, context);
      const due = await backUp(database, context);
      const deployment = deployments.get(name, namespace);
      const ready = (deployment?.status?.availableReplicas ?? 0) > 0;
      const lastBackup = due?.last ?? database.status?.lastBackup;
      const status = { ready, ...(lastBackup === undefined ? {} : { lastBackup }) };
      await updateStatus(context.client.resource(Database), database, status, { signal: context.signal });
      return due && { requeueAfterMs: due.nextMs };
    });
}

/** Made once and never changed, so it is created and not applied: an apply would make another each time. */
async function ensurePassword(database: Database, { client, signal }: ReconcileContext): Promise<void> {
  const { name = '', namespace } = database.metadata;
  const secret: Secret = {
    metadata: {
      name: `${name}-password`,
      ownerReferences: [ownerReference(Database, database, true)],
    },
    data: { password: randomBytes(24).toString('base64') },
  };
  try {
    await client.resource(Secret).namespace(namespace).create(secret, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

async function applyParts(database: Database, { client, signal }: ReconcileContext): Promise<void> {
  const { name = '' } = database.metadata;
  const labels = { 'db.example.dev/database': name };
  await applyChildren({
    client,
    owner: database,
    ownerKind: Database,
    children: [
      child(Deployment, {
        metadata: { name },
        spec: {
          replicas: 1,
          // Two databases over the same files would ruin them.
          strategy: { type: 'Recreate' },
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              containers: [
                {
                  name: 'database',
                  image: database.spec.image,
                  env: [
                    {
                      name: 'PASSWORD',
                      valueFrom: { secretKeyRef: { name: `${name}-password`, key: 'password' } },
                    },
                  ],
                },
              ],
            },
          },
        },
      }),
      child(Service, { metadata: { name }, spec: { selector: labels, ports: [{ port: 5432 }] } }),
    ],
    kinds: [Deployment, Service],
    fieldManager,
    signal,
  });
}

/**
 * Creates the backup of the present interval, unless it is there, and deletes those that are too many. Its name is the
 * interval's, so that however often this is called, and by however many, there is one.
 * @returns when it is to be called again; undefined for a database without backups
 */
async function backUp(
  database: Database,
  { client, clock, signal }: ReconcileContext,
): Promise<{ readonly last: string; readonly nextMs: number } | undefined> {
  const { name = '', namespace } = database.metadata;
  const { backup } = database.spec;
  if (backup === undefined) return undefined;
  const backups = client.resource(Backup).namespace(namespace);
  const everyMs = backup.everySeconds * 1000;
  const slot = Math.floor(clock.now() / everyMs) * everyMs;
  const reference = ownerReference(Database, database, true);
  try {
    await backups.create(
      {
        metadata: { name: `${name}-${slot / 1000}`, ownerReferences: [reference] },
        spec: { database: name },
      },
      { signal },
    );
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  const { items } = await backups.list({ signal });
  const own = items
    .filter((each) => controllerOf(each)?.uid === database.metadata.uid)
    .map(({ metadata }) => metadata.name ?? '')
    .sort();
  for (const old of own.slice(0, -backup.keep))
    await backups.delete(old, { signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  return { last: formatTime(slot), nextMs: slot + everyMs - clock.now() };
}
