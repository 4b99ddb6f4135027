import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { LmdbStorage } from '@kubewright/apiserver';
import { Ajv } from 'ajv';
import { open } from 'lmdb';
import { type Comparison, compare } from './compare.js';
import { measureRate } from './load.js';
import { podJson } from './pod.js';
import { scratchDirectory, scratchPki, serve } from './scratch.js';

/** Durable creates over TLS, against what HTTP, ajv and grouped LMDB writes reach by themselves. */
export async function benchCreate(): Promise<Comparison> {
  const directory = scratchDirectory();
  const pki = await scratchPki(directory.path);
  const storage = await LmdbStorage.open(join(directory.path, 'ours'));
  const { server, listener } = await serve(storage, pki);
  const bare = await startBare(join(directory.path, 'peer'), pki);
  const body = podJson();
  const rateOf = (port: number) =>
    measureRate({
      ...{ port, path: '/api/v1/namespaces/default/pods', method: 'POST', body, inFlight: 64 },
      ...{ durationMs: 4_000, expectedStatus: 201, tls: pki.client },
    });
  try {
    return await compare(
      `durable create (LMDB) of a pod of ${body.length} bytes over TLS, 64 in flight, against bare HTTPS, ajv and grouped LMDB writes`,
      () => rateOf(listener.port),
      () => rateOf(bare.port),
      { unit: 'requests/s', limit: 'at least 0.3' },
    );
  } finally {
    await bare.close();
    await server.close(0);
    await storage.close();
    directory.remove();
  }
}

/** Parses, checks a schema, writes durably (LMDB groups what comes in one turn), answers with the bytes. */
async function startBare(directory: string, { serving, ca }: Awaited<ReturnType<typeof scratchPki>>) {
  const store = open<Buffer, string>({ path: directory, encoding: 'binary', overlappingSync: false });
  const validate = new Ajv().compile(podSchema);
  const { certificate: cert, key } = serving;
  const server = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const pod = JSON.parse(Buffer.concat(chunks).toString()) as { metadata: { name: string } };
        if (!validate(pod)) {
          response.writeHead(422).end();
          return;
        }
        const bytes = Buffer.from(JSON.stringify(pod));
        await store.put(pod.metadata.name, bytes);
        response.writeHead(201, { 'content-type': 'application/json', 'content-length': bytes.length });
        response.end(bytes);
      });
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await store.close();
    },
  };
}

const text = { type: 'string' };
const podSchema = {
  type: 'object',
  required: ['metadata', 'spec'],
  properties: {
    metadata: {
      type: 'object',
      required: ['name'],
      properties: { name: text, namespace: text, labels: { type: 'object' } },
    },
    spec: {
      type: 'object',
      required: ['containers'],
      properties: {
        containers: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: text,
              image: text,
              command: { type: 'array', items: text },
              ports: {
                type: 'array',
                items: { type: 'object', properties: { containerPort: { type: 'integer' } } },
              },
              env: { type: 'array', items: { type: 'object', properties: { name: text, value: text } } },
            },
          },
        },
      },
    },
  },
};
