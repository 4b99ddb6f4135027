import { defineKind, type KubernetesObject } from '@kubewright/api';
import { kindRules, type SourceEvent } from '@kubewright/apiserver';
import { startTestServer } from '@kubewright/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WatchStream } from '../apiserver/watch-stream.js';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

const Sensor = defineKind({
  group: 'plant.example.dev',
  version: 'v1',
  kind: 'Sensor',
  scope: 'Cluster',
  schema: { type: 'object' } as const,
});
const sensor = (name: string, resourceVersion: string, room = 'hall'): KubernetesObject => ({
  metadata: { name, resourceVersion, labels: { room } },
});

/** Objects that are elsewhere, with versions of their own, and who tells of their changes. */
class Sensors {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #readers = new Set<(event: SourceEvent | undefined) => void>();
  followed = 0;

  put(object: KubernetesObject): void {
    const name = object.metadata.name ?? '';
    this.#tell({ type: this.#objects.has(name) ? 'MODIFIED' : 'ADDED', object });
    this.#objects.set(name, object);
  }

  remove(name: string): void {
    const object = this.#objects.get(name);
    this.#objects.delete(name);
    if (object !== undefined) this.#tell({ type: 'DELETED', object });
  }

  /** As when the connection to a database breaks. */
  breakOff(): void {
    this.#tell(undefined);
  }

  get(_namespace: string, name: string): Promise<KubernetesObject | undefined> {
    return Promise.resolve(this.#objects.get(name));
  }

  list(): Promise<KubernetesObject[]> {
    return Promise.resolve([...this.#objects.values()]);
  }

  update(object: KubernetesObject): Promise<KubernetesObject> {
    this.put(object);
    return Promise.resolve(object);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<SourceEvent> {
    this.followed += 1;
    const pending: (SourceEvent | undefined)[] = [];
    let wake: () => void = () => undefined;
    const reader = (event: SourceEvent | undefined) => {
      pending.push(event);
      wake();
    };
    this.#readers.add(reader);
    signal.addEventListener('abort', () => reader(undefined));
    try {
      for (;;) {
        while (pending.length > 0) {
          const event = pending.shift();
          if (event === undefined) return;
          yield event;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#readers.delete(reader);
    }
  }

  #tell(event: SourceEvent | undefined): void {
    for (const reader of this.#readers) reader(event);
  }
}

let server: TlsServer;
const source = new Sensors();
beforeAll(async () => {
  source.put(sensor('a', '7'));
  source.put(sensor('b', '8', 'cellar'));
  server = await startTlsServer({
    kinds: [kindRules<KubernetesObject>(Sensor, { source })],
    bookmarkIntervalMs: 50,
  });
});
afterAll(() => server.close());

const path = '/apis/plant.example.dev/v1/sensors';
const sensors = `${path}?watch=true`;
const listVersion = async (query = '') =>
  (await server.send({ path: `${path}${query}` })).json<{ metadata: { resourceVersion: string } }>().metadata
    .resourceVersion;

it('a watch of objects that are elsewhere says where what was there ends, and ends when its time is over', async () => {
  const watch = await WatchStream.open(
    server,
    `${sensors}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`,
  );
  expect(await watch.names(2)).toEqual(['ADDED a', 'ADDED b']);
  expect(await watch.next()).toEqual({
    type: 'BOOKMARK',
    object: {
      kind: 'Sensor',
      apiVersion: 'plant.example.dev/v1',
      metadata: {
        resourceVersion: expect.stringMatching(/^\d{16}$/),
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    },
  });
  source.put(sensor('a', '9'));
  let event = await watch.next();
  while (event?.type === 'BOOKMARK') event = await watch.next();
  expect(event?.type).toBe('MODIFIED');
  expect(event?.object.metadata.resourceVersion).toMatch(/^\d{16}$/);
});

it('a watch goes on where a list ended, whatever happened since', async () => {
  const version = await listVersion();
  source.put(sensor('c', '1'));
  source.remove('c');
  const watch = await WatchStream.open(server, `${sensors}&resourceVersion=${version}&timeoutSeconds=1`);
  expect(await watch.names(2)).toEqual(['ADDED c', 'DELETED c']);
  expect(await watch.isOver()).toBe(true);
});

it('a watch goes on where a bookmark stood', async () => {
  const watch = await WatchStream.open(server, `${sensors}&allowWatchBookmarks=true&resourceVersion=0`);
  await watch.names(2);
  const bookmark = await watch.next();
  expect(bookmark?.type).toBe('BOOKMARK');
  watch.close();
  source.put(sensor('d', '1'));
  const version = bookmark?.object.metadata?.resourceVersion;
  const resumed = await WatchStream.open(server, `${sensors}&resourceVersion=${version}`);
  expect(await resumed.names(1)).toEqual(['ADDED d']);
  resumed.close();
  source.remove('d');
});

it('what a watch told may be updated by the version that it told, until it changes again', async () => {
  const watch = await WatchStream.open(server, `${sensors}&resourceVersion=${await listVersion()}`);
  const told = async (room: string, version: string) => {
    source.put(sensor('e', version, room));
    return (await watch.next()).object;
  };
  const first = await told('hall', '1');
  const second = await told('cellar', '2');
  watch.close();
  const put = async (body: object) =>
    (await server.send({ method: 'PUT', path: `${path}/e?dryRun=All`, body })).code;
  expect(await put(first)).toBe(409);
  expect(await put(second)).toBe(200);
  expect(await put({ ...second, metadata: { ...second.metadata, resourceVersion: '2' } })).toBe(200);
  source.remove('e');
});

it('a version that is of an object, or of another time, is too old: clients list again', async () => {
  for (const version of ['9', '1000000000000000', '9007199254740991'])
    expect(await server.send({ path: `${sensors}&resourceVersion=${version}` })).toMatchObject({ code: 410 });
});

it('a selection is entered and left', async () => {
  const version = await listVersion('?labelSelector=room=hall');
  source.put(sensor('a', '10', 'attic'));
  const watch = await WatchStream.open(
    server,
    `${sensors}&labelSelector=room=hall&resourceVersion=${version}`,
  );
  expect(await watch.names(1)).toEqual(['DELETED a']);
  source.put(sensor('b', '11', 'hall'));
  source.put(sensor('b', '12', 'hall'));
  source.put(sensor('a', '11', 'cellar'));
  source.put(sensor('b', '13', 'cellar'));
  expect(await watch.names(3)).toEqual(['ADDED b', 'MODIFIED b', 'DELETED b']);
  watch.close();
});

it('one watch of the source serves all; where it ends, theirs end, and the next list begins anew', async () => {
  const before = source.followed;
  const version = await listVersion();
  const watch = await WatchStream.open(server, `${sensors}&resourceVersion=${version}`);
  expect(source.followed).toBe(before);
  source.breakOff();
  expect(await watch.isOver()).toBe(true);
  expect(await server.send({ path: `${sensors}&resourceVersion=${version}` })).toMatchObject({ code: 410 });
  await listVersion();
  expect(source.followed).toBe(before + 1);
});

it("an informer keeps in step, also over the end of the source's own watch", async () => {
  const { client, close } = await startTestServer({
    kinds: [kindRules<KubernetesObject>(Sensor, { source })],
  });
  const informer = client.informer(Sensor).start();
  await informer.synced;
  const names = () =>
    informer
      .list()
      .map(({ metadata }) => metadata.name)
      .sort();
  expect(names()).toEqual(['a', 'b']);
  source.put(sensor('x', '1'));
  await expect.poll(names).toEqual(['a', 'b', 'x']);
  source.breakOff();
  source.remove('x');
  await expect.poll(names, { timeout: 15_000 }).toEqual(['a', 'b']);
  informer.stop();
  await close();
});

it.skipIf(kubectlPath === undefined)('kubectl lists and watches', async () => {
  const kubectl = new Kubectl(server.kubeconfig);
  const watching = kubectl.run('get sensors -w -o name --request-timeout=2s');
  const puts = setInterval(() => source.put(sensor('z', '1')), 100);
  const { out } = await watching;
  clearInterval(puts);
  expect(out.split('\n')).toEqual(
    expect.arrayContaining(['a', 'b', 'z'].map((name) => `sensor.plant.example.dev/${name}`)),
  );
});
