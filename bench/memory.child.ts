/** Opens a server over a store that is full, and says by how much that made this process larger. */
import { ApiServer, LmdbStorage } from '@kubewright/apiserver';
import { Client, inProcessTransport } from '@kubewright/client';
import { pino } from 'pino';

const [, , store = ''] = process.argv;
const logger = pino({ level: 'silent' });
const listOne = async (server: ApiServer) => {
  const client = new Client(inProcessTransport(server.inProcess({ name: 'admin', groups: [] })));
  await client.getPath('/api/v1/pods', { limit: '1', resourceVersion: '0' });
  await client.close();
};

// A first one, over nothing, so that code and tables of kinds don't count.
const { MemoryStorage } = await import('@kubewright/apiserver');
const empty = await ApiServer.start({
  storage: new MemoryStorage(),
  logger,
  disableAdmissionPlugins: ['ServiceAccount'],
});
await listOne(empty);

const storage = await LmdbStorage.open(store);
const before = settled();
const server = await ApiServer.start({ storage, logger, disableAdmissionPlugins: ['ServiceAccount'] });
await listOne(server);
const bytes = settled() - before;
process.send?.({ bytes }, () => process.exit(0));

function settled(): number {
  for (let round = 0; round < 4; round++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
