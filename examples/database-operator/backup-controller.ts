import { isAlreadyExists, ownerReference } from '@kubewright/api';
import { Pod } from '@kubewright/api/core/v1';
import { type Manager, updateStatus } from '@kubewright/controllers';
import { Backup, Database } from './kinds.js';

/** Makes backups: a pod each, which runs once. What became of the pod is what became of the backup. */
export function addBackupController(manager: Manager): void {
  const backups = manager.informer(Backup);
  const databases = manager.informer(Database);
  const pods = manager.informer(Pod);
  manager
    .controller(Backup)
    .owns(Pod)
    .reconcile(async ({ namespace, name }, { client, signal }) => {
      const backup = backups.get(name, namespace);
      const phase = backup?.status?.phase;
      if (backup === undefined || phase === 'Succeeded' || phase === 'Failed') return undefined;
      const database = databases.get(backup.spec.database, namespace);
      if (database === undefined) {
        await updateStatus(client.resource(Backup), backup, { phase: 'Failed' }, { signal });
        return undefined;
      }
      const pod = pods.get(name, namespace);
      if (pod === undefined)
        await client
          .resource(Pod)
          .namespace(namespace)
          .create(
            {
              metadata: { name, ownerReferences: [ownerReference(Backup, backup, true)] },
              spec: {
                restartPolicy: 'Never',
                containers: [
                  { name: 'backup', image: database.spec.image, command: ['backup', backup.spec.database] },
                ],
              },
            },
            { signal },
          )
          .catch((error: unknown) => {
            // The cache did not show it yet.
            if (!isAlreadyExists(error)) throw error;
          });
      const ended = pod?.status?.phase;
      const became = ended === 'Succeeded' || ended === 'Failed' ? ended : 'Running';
      await updateStatus(client.resource(Backup), backup, { phase: became }, { signal });
      return undefined;
    });
}
