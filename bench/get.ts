import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { MemoryStorage } from '@kubewright/apiserver';
import { Client, inProcessTransport } from '@kubewright/client';
import { type Comparison, compare } from './compare.js';
import { measureRate } from './load.js';
import { podJson } from './pod.js';
import { scratchDirectory, scratchPki, serve } from './scratch.js';

const path = '/api/v1/namespaces/default/pods/web';

/** Gets of one pod over TLS, against a bare `node:https` server that sends the same bytes. */
export async function benchGet(): Promise<Comparison> {
  const directory = scratchDirectory();
  const pki = await scratchPki(directory.path);
  const storage = new MemoryStorage();
  const { server, listener } = await serve(storage, pki);
  const client = new Client(inProcessTransport(server.inProcess({ name: 'admin', groups: [] })));
  const body = podJson('web');
  await client.requester.json({
    method: 'POST',
    path: '/api/v1/namespaces/default/pods',
    body: JSON.parse(body),
  });
  const bytes = Buffer.from(JSON.stringify(await client.getPath(path)));

  const { certificate, key } = pki.serving;
  const bare = createServer(
    {
      cert: certificate,
      key,
      ca: pki.ca,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    },
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
      response.end(bytes);
    },
  );
  await once(bare.listen(0, '127.0.0.1'), 'listening');
  const rateOf = (port: number) =>
    measureRate({
      ...{ port, path, method: 'GET', body: '', inFlight: 64, durationMs: 1_500, expectedStatus: 200 },
      tls: pki.client,
    });
  try {
    return await compare(
      `get of one pod of ${bytes.length} bytes over TLS, 64 in flight, against bare node:https`,
      () => rateOf(listener.port),
      () => rateOf((bare.address() as AddressInfo).port),
      { unit: 'requests/s', limit: 'at least 0.5' },
    );
  } finally {
    bare.close();
    bare.closeAllConnections();
    await client.close();
    await server.close(0);
    await storage.close();
    directory.remove();
  }
}
