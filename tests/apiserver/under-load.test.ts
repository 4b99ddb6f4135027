import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { MemoryStorage } from '@kubewright/apiserver';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';
import { WatchStream } from './watch-stream.js';

let server: TlsServer;
afterEach(() => server.close());

const maps = '/api/v1/namespaces/default/configmaps';

/** ConfigMaps of some size, put into the store directly. */
async function storageWith(count: number, bytes = 100): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const data = 'x'.repeat(bytes);
  for (let i = 0; i < count; i++) {
    const name = `map-${String(i).padStart(6, '0')}`;
    const metadata = { name, namespace: 'default', uid: name, creationTimestamp: '2026-01-01T00:00:00Z' };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { k: data } };
    await storage.write(`/registry/configmaps/default/${name}`, () => ({
      put: Buffer.from(JSON.stringify(object)),
    }));
  }
  return storage;
}

async function metric(name: string): Promise<number> {
  const { text } = await server.send({ path: '/metrics' });
  const line = text.split('\n').find((one) => one.startsWith(name)) ?? '';
  return Number(line.slice(line.lastIndexOf(' ')));
}

/** A connection as a client that does not read would have it. */
async function rawConnection(): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

describe('long lists', () => {
  it.each([
    ['application/json', 20_000],
    ['application/json;as=Table;v=v1;g=meta.k8s.io', 20_000],
    ['application/yaml', 4_000],
    ['application/vnd.kubernetes.protobuf', 20_000],
  ])('let others run, as %s', async (accept, count) => {
    server = await startTlsServer({ storage: await storageWith(count, 1_000) });
    const message = await server.open({ path: maps, headers: { accept } });
    let bytes = 0;
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    let gets = 0;
    const ended = once(message, 'end');
    let reading = true;
    void ended.then(() => {
      reading = false;
    });
    while (reading) {
      expect((await server.send({ path: `${maps}/map-000001` })).code).toBe(200);
      gets += 1;
    }
    expect(bytes).toBeGreaterThan(4_000_000);
    // In one piece, the list would have kept all but the first waiting.
    expect(gets).toBeGreaterThan(5);
  });

  it('show the objects as they were when the list began', async () => {
    const storage = await storageWith(3_000, 10_000);
    server = await startTlsServer({ storage });
    const message = await server.open({ path: maps });
    await once(message, 'readable');
    // The answer has begun, and most of it is not written yet.
    const changed = await server.send({
      method: 'PATCH',
      path: `${maps}/map-002999`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ data: { k: 'changed' } }),
    });
    expect(changed.code).toBe(200);
    await server.send({ method: 'DELETE', path: `${maps}/map-002998` });
    const chunks: Buffer[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
    const list = JSON.parse(Buffer.concat(chunks).toString()) as {
      items: { metadata: { name: string }; data: { k: string } }[];
    };
    expect(list.items).toHaveLength(3_000);
    expect(list.items.at(-1)?.data.k).toHaveLength(10_000);
  });
});

describe('watches', () => {
  it('a thousand of one resource get each change', async () => {
    server = await startTlsServer();
    const watches = await Promise.all(
      Array.from({ length: 1_000 }, () => openInProcess(`${maps}?watch=true&resourceVersion=0`)),
    );
    await server.send({ method: 'POST', path: maps, body: { metadata: { name: 'seen' } } });
    for (const watch of watches) expect(await watch.next()).toContain('"name":"seen"');
    expect(await metric('apiserver_watch_events_total{group="",version="v1",resource="configmaps"}')).toBe(
      1_000,
    );
    for (const watch of watches) watch.close();
  });

  it('one that is not read is closed, and keeps nothing', async () => {
    const storage = await storageWith(1, 500_000);
    server = await startTlsServer({ storage });
    const socket = await server.connect();
    const closed = once(socket, 'close');
    socket.pause();
    socket.write(`GET ${maps}?watch=true HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    await overrun(storage);
    socket.resume();
    await closed;
    await vi.waitFor(async () => expect(await metric('apiserver_longrunning_requests{')).toBe(0), {
      timeout: 15_000,
    });
  });

  it('one of a shared connection is closed alone', async () => {
    const storage = await storageWith(1, 500_000);
    server = await startTlsServer({ storage });
    const session = await server.connectHttp2();
    const watch = session.request({ ':path': `${maps}?watch=true` });
    watch.on('error', () => undefined);
    const closed = new Promise((resolve) => watch.once('close', resolve));
    watch.pause();
    await overrun(storage);
    watch.resume();
    await closed;
    await vi.waitFor(async () => expect(await metric('apiserver_longrunning_requests{')).toBe(0), {
      timeout: 15_000,
    });
    const ready = session.request({ ':path': '/readyz' });
    const [answer] = (await once(ready.resume(), 'response')) as [object];
    expect(answer).toMatchObject({ ':status': 200 });
    session.destroy();
  });
});

/** Changes a large object until the one watch there is has more to take than it may. */
async function overrun(storage: MemoryStorage): Promise<void> {
  await vi.waitFor(async () => expect(await metric('apiserver_longrunning_requests{')).toBe(1), {
    timeout: 15_000,
  });
  const key = '/registry/configmaps/default/map-000000';
  const { entry } = await storage.get(key);
  for (let i = 0; i < 200; i++) {
    const text = entry?.value.toString().replace('"k":"xxx', `"k":"${String(i).padStart(3, '0')}`) ?? '';
    await storage.write(key, () => ({ put: Buffer.from(text) }));
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const terminated = 'apiserver_terminated_watchers_total{group="",resource="configmaps"}';
  await vi.waitFor(async () => expect(await metric(terminated)).toBe(1), { timeout: 15_000 });
}

describe('deadlines', () => {
  it('a request that takes longer than its client wants is answered 504', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    server = await startTlsServer({
      admission: [{ name: 'Slow', admit: ({ name }) => (name === 'slow' ? held : undefined) }],
    });
    const answer = await server.send({
      method: 'POST',
      path: `${maps}?timeout=50ms`,
      body: { metadata: { name: 'slow' } },
    });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    // Written by the filter, as upstream writes it: without kind and version, and not in the client's form.
    expect(answer.text).toBe(
      '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}\n',
    );
    release();
    const late = 'apiserver_request_post_timeout_total{source="timeout-handler",status="error"}';
    await vi.waitFor(async () => expect(await metric(late)).toBe(1), { timeout: 10_000 });
    // What was said not to be done is not done after all, and the server goes on.
    expect((await server.send({ path: `${maps}/slow` })).code).toBe(404);
    expect((await server.send({ path: maps })).code).toBe(200);
  });

  it('a body that does not come is answered 504', async () => {
    server = await startTlsServer();
    const socket = await server.connect();
    socket.write(
      `POST ${maps}?timeout=50ms HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
    );
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1.1 504 /);
    socket.destroy();
  });
});

describe('a stop', () => {
  it('is not ready any more, ends watches, finishes writes, and takes no new connection', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    server = await startTlsServer({
      admission: [{ name: 'Slow', admit: ({ name }) => (name === 'slow' ? held : undefined) }],
    });
    const watch = await WatchStream.open(server, `${maps}?watch=true`);
    const writing = server.send({ method: 'POST', path: maps, body: { metadata: { name: 'slow' } } });
    const isMutating = 'apiserver_current_inflight_requests{request_kind="mutating"}';
    await vi.waitFor(async () => expect(await metric(isMutating)).toBe(1), { timeout: 15_000 });
    const handler = server.server.inProcess({ name: 'admin', groups: [] });
    const closing = server.server.close(5_000);
    const ready = await handler({ method: 'GET', path: '/readyz', headers: {} } as never);
    expect(ready.status).toBe(500);
    expect(await watch.isOver()).toBe(true);
    await expect(rawConnection()).rejects.toThrow();
    release();
    expect((await writing).code).toBe(201);
    const start = performance.now();
    await closing;
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('does not wait for ever for a client that keeps its connection', async () => {
    server = await startTlsServer();
    const session = await server.connectHttp2();
    session.on('error', () => undefined);
    // An answer that is not read keeps the client's side open.
    const ready = session.request({ ':path': '/readyz' });
    await once(ready, 'response');
    session.close();
    await server.server.close(100);
  });
});

/** A watch without a connection of its own, of which a test can have many. */
async function openInProcess(path: string): Promise<{ next(): Promise<string>; close(): void }> {
  const [pathname = '', query = ''] = path.split('?');
  const abort = new AbortController();
  const handler = server.server.inProcess({ name: 'admin', groups: ['system:masters'] });
  const { body } = await handler({
    method: 'GET',
    path: pathname,
    query: new URLSearchParams(query),
    headers: {},
    signal: abort.signal,
  } as never);
  const chunks = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  return {
    next: async () => Buffer.from((await chunks.next()).value ?? '').toString(),
    close: () => abort.abort(),
  };
}
