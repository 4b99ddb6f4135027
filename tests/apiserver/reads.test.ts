import { MemoryStorage } from '@kubewright/apiserver';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';
import { WatchStream } from './watch-stream.js';

interface Item {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly uid: string };
  readonly data?: Record<string, string>;
}
interface List {
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly Item[];
}

const storage = new MemoryStorage();
let server: TlsServer;
const watches: WatchStream[] = [];

beforeAll(async () => {
  server = await startTlsServer({ storage });
});
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
  vi.useRealTimers();
});
afterAll(() => server.close());

const all = '/api/v1/configmaps';

function maps(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/configmaps`;
}

/** A namespace with ConfigMaps of these names, each labelled with its own. */
async function namespaceWith(namespace: string, names: readonly string[]): Promise<Item[]> {
  const made = { metadata: { name: namespace } };
  await server.send({ method: 'POST', path: '/api/v1/namespaces', body: made });
  const items: Item[] = [];
  for (const name of names) items.push(await create(namespace, name));
  return items;
}

async function create(namespace: string, name: string): Promise<Item> {
  const body = { metadata: { name, labels: { own: name } } };
  return (await server.send({ method: 'POST', path: maps(namespace), body })).json<Item>();
}

async function change(namespace: string, name: string, patch: object): Promise<Item> {
  const answer = await server.send({
    method: 'PATCH',
    path: `${maps(namespace)}/${name}`,
    body: patch,
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  return answer.json<Item>();
}

async function list(path: string): Promise<List> {
  const answer = await server.send({ path });
  expect(answer.code).toBe(200);
  return answer.json<List>();
}

function namesOf({ items }: List): string[] {
  return items.map(({ metadata }) => metadata.name);
}

async function watch(path: string): Promise<WatchStream> {
  const stream = await WatchStream.open(server, path);
  watches.push(stream);
  return stream;
}

describe('get and list', () => {
  it('reads one object and all of a collection', async () => {
    const [a] = await namespaceWith('plain', ['a', 'b']);
    const got = await server.send({ path: `${maps('plain')}/a` });
    expect(got.json()).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: a?.metadata });
    const found = await list(maps('plain'));
    expect(found.kind).toBe('ConfigMapList');
    expect(namesOf(found)).toEqual(['a', 'b']);
    expect(found.items[0]).not.toHaveProperty('kind');
    expect(namesOf(await list(all))).toEqual(expect.arrayContaining(['a', 'b']));
    expect((await list(maps('empty-one'))).items).toEqual([]);
  });

  it('selects by labels and fields', async () => {
    await namespaceWith('selected', ['a', 'b', 'c']);
    const select = async (query: string) => namesOf(await list(`${maps('selected')}?${query}`));
    expect(await select('labelSelector=own%3Da')).toEqual(['a']);
    expect(await select('labelSelector=own+in+(a,c)')).toEqual(['a', 'c']);
    expect(await select('labelSelector=own!%3Da')).toEqual(['b', 'c']);
    expect(await select('labelSelector=!own')).toEqual([]);
    expect(await select('fieldSelector=metadata.name%3Db')).toEqual(['b']);
    expect(await select('fieldSelector=metadata.name!%3Db')).toEqual(['a', 'c']);
    expect(namesOf(await list(`${all}?fieldSelector=metadata.namespace%3Dselected`))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('cuts a list into pages of one revision', async () => {
    await namespaceWith('paged', ['a', 'b', 'c', 'd', 'e']);
    const path = maps('paged');
    const first = await list(`${path}?limit=2`);
    expect(namesOf(first)).toEqual(['a', 'b']);
    expect(first.metadata.remainingItemCount).toBe(3);
    await create('paged', 'bb');
    await server.send({ method: 'DELETE', path: `${path}/d` });
    const second = await list(`${path}?limit=2&continue=${first.metadata.continue}`);
    expect(namesOf(second)).toEqual(['c', 'd']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const third = await list(`${path}?limit=2&continue=${second.metadata.continue}`);
    expect(namesOf(third)).toEqual(['e']);
    expect(third.metadata.continue ?? '').toBe('');
  });

  it('reads at a resourceVersion, or at one that is newer', async () => {
    const [a] = await namespaceWith('versions', ['a']);
    const b = await create('versions', 'b');
    const at = (version: string | undefined, match: string) =>
      list(`${maps('versions')}?resourceVersion=${version}&resourceVersionMatch=${match}`);
    const exact = await at(a?.metadata.resourceVersion, 'Exact');
    expect(namesOf(exact)).toEqual(['a']);
    expect(exact.metadata.resourceVersion).toBe(a?.metadata.resourceVersion);
    expect(namesOf(await at(a?.metadata.resourceVersion, 'NotOlderThan'))).toEqual(['a', 'b']);
    expect(namesOf(await at(b.metadata.resourceVersion, 'NotOlderThan'))).toEqual(['a', 'b']);
    expect(namesOf(await at('0', 'NotOlderThan'))).toEqual(['a', 'b']);
  });

  it('says so when a resourceVersion is yet to come', async () => {
    const { metadata } = await list(all);
    const future = Number(metadata.resourceVersion) + 1000;
    const answer = await server.send({ path: `${all}?resourceVersion=${future}` });
    expect(answer.code).toBe(504);
    expect(answer.json()).toMatchObject({
      reason: 'Timeout',
      message: `Timeout: Too large resource version: ${future}, current: ${metadata.resourceVersion}`,
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    });
  });

  it('answers 410 for a page of a revision that is compacted, and says how to go on', async () => {
    await namespaceWith('compacted', ['a', 'b', 'c']);
    const path = maps('compacted');
    const first = await list(`${path}?limit=1`);
    await create('compacted', 'd');
    await storage.compact(await storage.revision());
    const expired = await server.send({ path: `${path}?limit=1&continue=${first.metadata.continue}` });
    expect(expired.code).toBe(410);
    const status = expired.json<{ reason: string; metadata: { continue: string } }>();
    expect(status.reason).toBe('Expired');
    // The token of the Status goes on at the newest revision.
    const rest = await list(`${path}?continue=${status.metadata.continue}`);
    expect(namesOf(rest)).toEqual(['b', 'c', 'd']);
  });

  it('answers with YAML, a Table, or metadata alone', async () => {
    await namespaceWith('forms', ['a']);
    const as = async (accept: string, path = maps('forms')) => server.send({ path, headers: { accept } });
    expect((await as('application/yaml', `${maps('forms')}/a`)).text).toMatch(
      /^apiVersion: v1\nkind: ConfigMap\n/,
    );
    const table = (await as('application/json;as=Table;v=v1;g=meta.k8s.io')).json<object>();
    expect(table).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
      rows: [{ cells: ['a', 0, expect.stringMatching(/^\d+s$/)], object: { kind: 'PartialObjectMetadata' } }],
    });
    const partial = (
      await as('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io')
    ).json<List>();
    expect(partial).toMatchObject({
      kind: 'PartialObjectMetadataList',
      items: [{ metadata: { name: 'a' } }],
    });
    // The first of several that the server has.
    const many = await as('application/json;as=Table;v=v9;g=other,application/json');
    expect(many.json<List>().kind).toBe('ConfigMapList');
  });
});

describe('watch', () => {
  it('begins with what is there, then tells of changes', async () => {
    await namespaceWith('changes', ['a']);
    const stream = await watch(`${maps('changes')}?watch=true`);
    expect(await stream.names(1)).toEqual(['ADDED a']);
    await create('changes', 'b');
    await change('changes', 'b', { data: { x: '1' } });
    await change('changes', 'b', { data: { x: '1' } });
    await server.send({ method: 'DELETE', path: `${maps('changes')}/b` });
    await create('changes', 'c');
    expect(await stream.names(4)).toEqual(['ADDED b', 'MODIFIED b', 'DELETED b', 'ADDED c']);
  });

  it('resumes after a resourceVersion without a gap or a repetition', async () => {
    const [, b] = await namespaceWith('resumed', ['a', 'b', 'c']);
    await change('resumed', 'a', { data: { x: '1' } });
    const stream = await watch(
      `${maps('resumed')}?watch=true&resourceVersion=${b?.metadata.resourceVersion}`,
    );
    expect(await stream.names(2)).toEqual(['ADDED c', 'MODIFIED a']);
    const { object } = await (async () => {
      await create('resumed', 'd');
      return stream.next();
    })();
    expect(object.metadata.name).toBe('d');
    expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(Number(b?.metadata.resourceVersion));
  });

  it('turns what comes into and leaves a selection into ADDED and DELETED', async () => {
    await namespaceWith('selection', ['a']);
    const stream = await watch(`${maps('selection')}?watch=true&labelSelector=own%3Dx`);
    await change('selection', 'a', { metadata: { labels: { own: 'x' } } });
    await change('selection', 'a', { data: { k: 'v' } });
    await change('selection', 'a', { metadata: { labels: { own: 'y' } } });
    await change('selection', 'a', { data: { k: 'w' } });
    await change('selection', 'a', { metadata: { labels: { own: 'x' } } });
    expect(await stream.names(4)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED a']);
  });

  it('watches one object, and all namespaces', async () => {
    await namespaceWith('single', ['a', 'b']);
    const one = await watch(`${maps('single')}?watch=true&fieldSelector=metadata.name%3Db`);
    expect(await one.names(1)).toEqual(['ADDED b']);
    const old = await watch('/api/v1/watch/namespaces/single/configmaps/a');
    expect(await old.names(1)).toEqual(['ADDED a']);
    const { metadata } = await list(all);
    const everywhere = await watch(`${all}?watch=true&resourceVersion=${metadata.resourceVersion}`);
    await create('single', 'everywhere');
    expect(await everywhere.names(1)).toEqual(['ADDED everywhere']);
  });

  it('sends a list as events, and a bookmark at its end', async () => {
    await namespaceWith('streamed', ['a', 'b']);
    const stream = await watch(
      `${maps('streamed')}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    expect(await stream.names(2)).toEqual(['ADDED a', 'ADDED b']);
    const { type, object } = await stream.next();
    expect(type).toBe('BOOKMARK');
    expect(object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    expect(object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    const next = await create('streamed', 'c');
    expect((await stream.next()).object.metadata).toMatchObject({ name: 'c', uid: next.metadata.uid });
  });

  it('sends bookmarks with the newest revision every minute to those who want them', async () => {
    await namespaceWith('bookmarks', []);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { metadata } = await list(all);
    const version = metadata.resourceVersion;
    const path = `${maps('bookmarks')}?watch=true&resourceVersion=${version}`;
    const stream = await watch(`${path}&allowWatchBookmarks=true`);
    const elsewhere = await create('default', 'elsewhere');
    // Up to a quarter is added, so that not all watches get theirs together.
    vi.advanceTimersByTime(75_000);
    const { type, object } = await stream.next();
    expect(type).toBe('BOOKMARK');
    expect(Number(object.metadata.resourceVersion)).toBeGreaterThanOrEqual(
      Number(elsewhere.metadata.resourceVersion),
    );
  });

  it('answers 410 to one that resumes too far back', async () => {
    const [a] = await namespaceWith('far', ['a']);
    const key = '/registry/configmaps/far/a';
    const { entry } = await storage.get(key);
    const text = entry?.value.toString('utf8') ?? '';
    // More changes than the window has room for; the store has forgotten the older ones as well.
    for (let i = 0; i < 9000; i++)
      await storage.write(key, () => ({
        put: Buffer.from(text.replace('"metadata":{', `"metadata":{"annotations":{"n":"${i}"},`)),
      }));
    await storage.compact(await storage.revision());
    await server.send({ path: `${maps('far')}/a` });
    const stream = await watch(`${maps('far')}?watch=true&resourceVersion=${a?.metadata.resourceVersion}`);
    const { type, object } = await stream.next();
    expect(type).toBe('ERROR');
    expect(object).toMatchObject({ kind: 'Status', code: 410, reason: 'Expired' });
    expect(object.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);
    expect(await stream.isOver()).toBe(true);
  });

  it('ends when its time is over', async () => {
    const stream = await watch(`${maps('default')}?watch=true&timeoutSeconds=1&labelSelector=none`);
    expect(stream.code).toBe(200);
    expect(await stream.isOver()).toBe(true);
  });

  it('tells rows to one who wants Tables', async () => {
    await namespaceWith('rows', ['a']);
    const message = await server.open({
      path: `${maps('rows')}?watch=true&timeoutSeconds=1`,
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    let text = '';
    for await (const chunk of message) text += String(chunk);
    expect(JSON.parse(text)).toMatchObject({
      type: 'ADDED',
      object: {
        kind: 'Table',
        columnDefinitions: [{ name: 'Name' }, {}, {}],
        rows: [{ cells: ['a', 0, {}] }],
      },
    });
  });
});
