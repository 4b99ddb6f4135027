import { Pod } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { Client } from '../client.js';
import { inProcessTransport } from '../transport/in-process.js';
import { VirtualClock } from '../virtual-clock.js';
import { withoutManagedFields } from './informer.js';

/** A client of one pod list whose watches send what the test pushes. */
function server(pods: Pod[] = []) {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const states: string[] = [];
  const watches = new Set<(line: string) => void>();
  const encoder = new TextEncoder();
  const transport = inProcessTransport(async ({ query, path, signal }) => {
    // As a server without streamed lists.
    if (query?.has('sendInitialEvents'))
      return { status: 422, headers: {}, body: ReadableStream.from([encoder.encode('{"kind":"Status"}')]) };
    asked.push(
      `${query?.get('watch') ? 'watch' : 'list'} ${path} ${query?.get('labelSelector') ?? ''}`.trim(),
    );
    if (query?.get('watch') !== 'true') {
      const list = { metadata: { resourceVersion: '10' }, items: structuredClone(pods) };
      return { status: 200, headers: {}, body: ReadableStream.from([encoder.encode(JSON.stringify(list))]) };
    }
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const push = (line: string) => controller.enqueue(encoder.encode(line));
        watches.add(push);
        signal?.addEventListener('abort', () => watches.delete(push));
      },
    });
    return { status: 200, headers: {}, body };
  });
  return {
    client: new Client(transport, {
      clock,
      onError: (error) => errors.push(error),
      onWatcherState: ({ kind }, { name }) => states.push(`${kind} ${name}`),
    }),
    clock,
    asked,
    states,
    watches,
    async send(type: string, object: Pod) {
      // The watch is opened after the list is told.
      await clock.advance(0);
      for (const push of watches) push(`${JSON.stringify({ type, object })}\n`);
      await clock.advance(0);
      await clock.advance(0);
    },
  };
}

const errors: unknown[] = [];
const pod = (name: string, resourceVersion: string, node: string): Pod => ({
  metadata: { name, namespace: 'web', uid: name, resourceVersion },
  spec: { nodeName: node, containers: [] },
});
const byNode = { node: ({ spec }: Pod) => (spec?.nodeName ? [spec.nodeName] : []) };
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

describe('Informer', () => {
  it('keeps its store and its indexes as the server has the objects', async () => {
    const { client, send } = server([pod('a', '1', 'n1'), pod('b', '2', 'n1')]);
    const pods = client.informer(Pod, { indexes: byNode }).start();
    await pods.synced;
    expect(names(pods.byIndex('node', 'n1'))).toEqual(['a', 'b']);
    await send('MODIFIED', pod('a', '11', 'n2'));
    await send('DELETED', pod('b', '12', 'n1'));
    await send('ADDED', pod('c', '13', 'n2'));
    expect(pods.byIndex('node', 'n1')).toEqual([]);
    expect(names(pods.byIndex('node', 'n2'))).toEqual(['a', 'c']);
    expect(names(pods.list('web'))).toEqual(['a', 'c']);
    expect(pods.list('other')).toEqual([]);
    expect(pods.get('a', 'web')?.metadata.resourceVersion).toBe('11');
    expect(pods.resourceVersion).toBe('13');
    pods.stop();
  });

  it('shares one watch among all with the same kind and selector, and ends it with the last', async () => {
    const { client, asked, watches, clock } = server([pod('a', '1', 'n1')]);
    const first = client.informer(Pod).start();
    await first.synced;
    await clock.advance(0);
    const second = client.informer(Pod, { indexes: byNode }).start();
    await second.synced;
    const other = client.informer(Pod, { labelSelector: 'app=web' }).start();
    await other.synced;
    await clock.advance(0);
    expect(names(second.byIndex('node', 'n1'))).toEqual(['a']);
    expect(asked).toEqual([
      'list /api/v1/pods',
      'watch /api/v1/pods',
      'list /api/v1/pods app=web',
      'watch /api/v1/pods app=web',
    ]);
    first.stop();
    expect(watches.size).toBe(2);
    second.stop();
    other.stop();
    expect(watches.size).toBe(0);
    await clock.advance(0);
    expect(clock.pending).toBe(0);
    expect(second.size).toBe(0);
  });

  it('calls handlers with the old and the new object, and late ones with what there is', async () => {
    const { client, send } = server([pod('a', '1', 'n1')]);
    const pods = client.informer(Pod).start();
    const told: string[] = [];
    const version = (object: Pod) => `${object.metadata.name}@${object.metadata.resourceVersion}`;
    const handlers = (who: string) => ({
      add: (object: Pod) => told.push(`${who} add ${version(object)}`),
      update: (object: Pod, previous: Pod) => told.push(`${who} ${version(previous)} to ${version(object)}`),
      delete: (object: Pod) => told.push(`${who} delete ${version(object)}`),
    });
    pods.on(handlers('early'));
    await pods.synced;
    const leave = pods.on(handlers('late'));
    await send('MODIFIED', pod('a', '11', 'n1'));
    leave();
    await send('DELETED', pod('a', '12', 'n1'));
    expect(told).toEqual([
      'early add a@1',
      'late add a@1',
      'early a@1 to a@11',
      'late a@1 to a@11',
      'early delete a@12',
    ]);
    pods.stop();
  });

  it('lets the fault of one handler neither stop the others nor the watch', async () => {
    const { client, send } = server();
    const pods = client.informer(Pod).start();
    const seen: (string | undefined)[] = [];
    pods.on({
      add: () => {
        throw new Error('mine');
      },
    });
    pods.on({ add: ({ metadata }) => seen.push(metadata.name) });
    await pods.synced;
    await send('ADDED', pod('a', '11', 'n1'));
    await send('ADDED', pod('b', '12', 'n1'));
    expect(seen).toEqual(['a', 'b']);
    expect(errors.map(String)).toEqual(['Error: mine', 'Error: mine']);
    pods.stop();
  });

  it('waits until it has seen a revision', async () => {
    const { client, send, clock } = server();
    const pods = client.informer(Pod).start();
    await pods.synced;
    await pods.waitFor('9');
    let reached = false;
    const waiting = pods.waitFor('12').then(() => {
      reached = true;
    });
    await send('ADDED', pod('a', '11', 'n1'));
    expect(reached).toBe(false);
    await send('BOOKMARK', { metadata: { resourceVersion: '15' } });
    await waiting;
    const late = pods.waitFor('99', { timeoutMs: 100 });
    late.catch(() => undefined);
    await clock.advance(100);
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' });
    pods.stop();
  });

  it('shows a handler a store and indexes that have the event already, and objects that can not be changed', async () => {
    const { client, send } = server();
    const pods = client.informer(Pod, { indexes: byNode });
    const found: unknown[] = [];
    pods.on({
      add(object) {
        found.push(pods.get('a', 'web') === object, pods.byIndex('node', 'n1')[0] === object);
        expect(() => {
          object.spec = undefined;
        }).toThrow(TypeError);
      },
    });
    pods.start();
    await pods.synced;
    await send('ADDED', pod('a', '11', 'n1'));
    expect(found).toEqual([true, true]);
    pods.stop();
  });

  it('says what its watch does', async () => {
    const { client, clock, states } = server();
    const pods = client.informer(Pod).start();
    await pods.synced;
    await clock.advance(0);
    // Once as a stream, which is refused, once in pages.
    expect(states).toEqual(['Pod listing', 'Pod listing', 'Pod watching']);
    pods.stop();
  });

  it('keeps what a transform leaves, and shares with those of the same transform alone', async () => {
    const made = pod('a', '1', 'n1');
    made.metadata.managedFields = [{ manager: 'm' }];
    const { client, send, watches } = server([made]);
    const slim = client.informer(Pod, { transform: withoutManagedFields }).start();
    const same = client.informer(Pod, { transform: withoutManagedFields }).start();
    const whole = client.informer(Pod).start();
    await Promise.all([slim.synced, same.synced, whole.synced]);
    expect(slim.get('a', 'web')?.metadata.managedFields).toBeUndefined();
    expect(same.get('a', 'web')).toBe(slim.get('a', 'web'));
    expect(whole.get('a', 'web')?.metadata.managedFields).toHaveLength(1);
    await send('MODIFIED', { ...made, metadata: { ...made.metadata, resourceVersion: '11' } });
    expect(watches.size).toBe(2);
    expect(slim.get('a', 'web')?.metadata).toMatchObject({ resourceVersion: '11' });
    expect(slim.get('a', 'web')?.metadata.managedFields).toBeUndefined();
    for (const informer of [slim, same, whole]) informer.stop();
  });

  it('rejects who waits for the first list when it is stopped before', async () => {
    const { client } = server();
    const ending = new AbortController();
    const pods = client.informer(Pod).start(ending.signal);
    ending.abort(new Error('over'));
    await expect(pods.synced).rejects.toThrow('over');
    expect(() => pods.start()).toThrow('started already');
  });
});
