import { writeFile } from 'node:fs/promises';
import { ApiServer, MemoryStorage, PkiDirectory } from '@kubewright/apiserver';
import { renderKubeconfig } from '@kubewright/client';
import { pino } from 'pino';
import { taskRules } from './task.js';

/** An API server with a kind of one's own, for kubectl and every other client; `directory` is for keys and a kubeconfig. */
export async function serveTasks(directory: string): Promise<ApiServer> {
  const pki = await PkiDirectory.open(directory);
  const { certificate, key } = await pki.server('apiserver', 'apiserver', ['127.0.0.1', 'localhost']);
  const server = await ApiServer.start({ storage: new MemoryStorage(), logger: pino(), kinds: [taskRules] });
  const ca = pki.authority.certificate;
  const { port } = await server.listen({ certificate, key, clientCA: ca, host: '127.0.0.1', port: 0 });
  const admin = await pki.client('admin', { user: 'admin', groups: ['system:masters'] });
  const url = `https://127.0.0.1:${port}`;
  const client = { clientCertificate: admin.certificate, clientKey: admin.key };
  await writeFile(`${directory}/kubeconfig`, renderKubeconfig({ name: 'tasks', server: url, ca, ...client }));
  return server;
}
