import { hostname } from 'node:os';
import { Client } from '@kubewright/client';
import { Manager } from '@kubewright/controllers';
import { pino } from 'pino';
import { addBackupController } from './backup-controller.js';
import { addDatabaseController } from './database-controller.js';

// For any cluster that has the definitions: kubectl apply -f examples/database-operator/crds/
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error(signal)));

const client = await Client.fromKubeconfig();
const manager = new Manager(client, {
  signal: stop.signal,
  logger: pino(),
  endpoints: { host: '127.0.0.1', port: Number(process.env.PORT ?? 8081) },
  leaderElection: {
    name: 'database-operator',
    namespace: client.defaultNamespace,
    identity: `${hostname()}-${process.pid}`,
  },
});
addDatabaseController(manager);
addBackupController(manager);
await manager.start();
await manager.done;
await client.close();
