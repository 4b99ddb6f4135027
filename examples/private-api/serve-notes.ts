import { join } from 'node:path';
import { ApiServer, LmdbStorage, PkiDirectory } from '@kubewright/apiserver';
import { Client } from '@kubewright/client';
import { pino } from 'pino';
import { noteRules } from './note.js';

export interface NotesServer {
  readonly url: string;
  /** A client that the server knows as this user, over TLS. */
  clientFor(user: string): Promise<Client>;
  close(): Promise<void>;
}

/**
 * A private API of notes: an API server that any Kubernetes client takes for one, kept in a directory, with
 * certificates of its own.
 * @param port 0 takes a free one
 */
export async function serveNotes(directory: string, port = 0): Promise<NotesServer> {
  const pki = await PkiDirectory.open(join(directory, 'pki'));
  const storage = await LmdbStorage.open(join(directory, 'store'));
  const server = await ApiServer.start({
    storage,
    logger: pino({ level: 'warn' }),
    kinds: [noteRules],
  });
  const ca = pki.authority.certificate;
  const serving = await pki.server('notes', 'notes', ['127.0.0.1', 'localhost']);
  const listener = await server.listen({ ...serving, clientCA: ca, host: '127.0.0.1', port });
  const url = `https://127.0.0.1:${listener.port}`;
  const clients: Client[] = [];
  return {
    url,
    clientFor: async (user) => {
      const { certificate, key } = await pki.client(user, { user, groups: ['authors'] });
      const client = await Client.fromConnection({
        server: url,
        ca,
        clientCertificate: certificate,
        clientKey: key,
      });
      clients.push(client);
      return client;
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await server.close();
      await storage.close();
    },
  };
}
