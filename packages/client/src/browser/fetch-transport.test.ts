import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pod } from '@kubewright/api/core/v1';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, fetchTransport } from '../browser.js';
import { loadConnection } from './needs-node.js';

let server: Server;
let origin = '';
const seen: { url: string | undefined; authorization: string | undefined }[] = [];
let ended = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ url: request.url, authorization: request.headers.authorization });
    if (request.url?.includes('watch=true')) {
      response.on('close', () => ended++);
      response.write('{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}\n');
    } else response.end('{"metadata":{"name":"a"}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('fetchTransport', () => {
  it('carries requests and watches, below a path, with a token', async () => {
    const client = new Client(fetchTransport({ server: `${origin}/k8s/`, token: async () => 't' }));
    const pods = client.resource(Pod).namespace('web');
    expect((await pods.get('a')).metadata.name).toBe('a');
    expect(seen[0]).toEqual({ url: '/k8s/api/v1/namespaces/web/pods/a', authorization: 'Bearer t' });
    for await (const event of pods.watch()) {
      expect(event.object.metadata.name).toBe('a');
      break;
    }
    await expect.poll(() => ended).toBe(1);
    await client.close();
    await expect(pods.get('a')).rejects.toThrow('the client is closed');
  });

  it('hands on why there is no answer, and the reason of an abort', async () => {
    const client = new Client(fetchTransport({ server: 'http://127.0.0.1:1' }), { retries: 0 });
    await expect(client.version()).rejects.toMatchObject({ name: 'TransportError', unsent: false });
    const signal = AbortSignal.abort(new Error('over'));
    await expect(client.version({ signal })).rejects.toThrow('over');
    await expect(loadConnection()).rejects.toThrow('a kubeconfig needs Node');
  });
});
