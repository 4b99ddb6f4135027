import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  ApiServer,
  type HttpsListener,
  type KeyPair,
  PkiDirectory,
  type Storage,
} from '@kubewright/apiserver';
import { pino } from 'pino';
import { root } from '../tools/source-files.js';

/** On the disk of the project: a directory in memory would make every flush free. */
export function scratchDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(root, 'node_modules', '.bench-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Certificates for servers on this machine and for one client. */
export async function scratchPki(directory: string) {
  const pki = await PkiDirectory.open(join(directory, 'pki'));
  const ca = pki.authority.certificate;
  const serving = await pki.server('server', 'server', ['localhost', '127.0.0.1']);
  const admin: KeyPair = await pki.client('admin', { user: 'admin', groups: ['system:masters'] });
  return { ca, serving, client: { cert: admin.certificate, key: admin.key, ca } };
}

/** An API server on a free port. */
export async function serve(
  storage: Storage,
  pki: Awaited<ReturnType<typeof scratchPki>>,
): Promise<{ readonly server: ApiServer; readonly listener: HttpsListener }> {
  const server = await ApiServer.start({
    storage,
    logger: pino({ level: 'silent' }),
    disableAdmissionPlugins: ['ServiceAccount'],
  });
  const listener = await server.listen({ ...pki.serving, clientCA: pki.ca, host: '127.0.0.1', port: 0 });
  return { server, listener };
}
