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

/** Certificates for servers on this machine and for clients: one of an admin, and of each user asked for. */
export async function scratchPki(directory: string) {
  const pki = await PkiDirectory.open(join(directory, 'pki'));
  const ca = pki.authority.certificate;
  const serving = await pki.server('server', 'server', ['localhost', '127.0.0.1']);
  const client = async (name: string, ...groups: string[]) => {
    const { certificate, key }: KeyPair = await pki.client(name.replaceAll(':', '-'), { user: name, groups });
    return { cert: certificate, key, ca };
  };
  return { ca, serving, client: await client('admin', 'system:masters'), user: client };
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
