import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';
import { podJson } from './pod.js';
import { scratchDirectory, scratchPki } from './scratch.js';

type Pki = Awaited<ReturnType<typeof scratchPki>>;

interface Objects {
  readonly prefix: string;
  readonly template: string;
  readonly count: number;
  readonly nodes: number;
}

interface Usage {
  readonly cpuMs: number;
  readonly longestMs: number;
}

/** A pod as the store has it, in its namespace, on one of the nodes. */
function template(namespace: string): string {
  const { apiVersion, kind, metadata, spec } = JSON.parse(podJson()) as Record<string, object>;
  const more = { namespace, uid: 'NAME-0000-4000', creationTimestamp: '2026-11-20T00:00:00Z' };
  const annotated = { ...metadata, ...more, annotations: { n: '000000' } };
  return JSON.stringify({ apiVersion, kind, metadata: annotated, spec: { ...spec, nodeName: 'NODE' } });
}

function pods(namespace: string, count: number, nodes = 100): Objects {
  return { prefix: `/registry/pods/${namespace}/`, template: template(namespace), count, nodes };
}

/** An API server with pods, and what is needed to ask it. */
async function withServer<T>(
  objects: readonly Objects[],
  run: (server: { child: Child; port: number; pki: Pki; reader: Child; tls: Pki['client'] }) => Promise<T>,
): Promise<T> {
  const directory = scratchDirectory();
  const pki = await scratchPki(directory.path);
  const child = new Child('./api-server.child.mjs');
  const reader = new Child('./reader.child.mjs');
  try {
    const { port } = await child.ask<{ port: number }>({ pki, objects });
    return await run({ child, port, pki, reader, tls: pki.client });
  } finally {
    child.close();
    reader.close();
    directory.remove();
  }
}

async function bare(pki: Pki, body: Uint8Array, eventBytes: number): Promise<{ child: Child; port: number }> {
  const child = new Child('./bare-server.child.mjs');
  const { port } = await child.ask<{ port: number }>({
    pki,
    body: Buffer.from(body).toString('base64'),
    eventBytes,
  });
  return { child, port };
}

/** A list of 10,000 pods over TLS, against a bare server that streams as many bytes. */
export function benchList(): Promise<Comparison> {
  const count = 10_000;
  return withServer([pods('default', count)], async ({ port, pki, reader, tls }) => {
    const body = new Uint8Array(Buffer.byteLength(template('default')) * count);
    const peer = await bare(pki, body, 0);
    const rate = async (at: number, path: string) => {
      const options = { command: 'lists', port: at, path, tls, durationMs: 2_000, connections: 2 };
      return (await reader.ask<{ perSecond: number }>(options)).perSecond;
    };
    try {
      return await compare(
        `list of ${count} pods (${Math.round(body.length / 1e6)} MB) over TLS, against bare node:https streaming`,
        () => rate(port, '/api/v1/pods'),
        () => rate(peer.port, '/list'),
        { unit: 'lists/s', limit: 'at least 0.5' },
      );
    } finally {
      peer.child.close();
    }
  });
}

/** What a selection of 100 pods costs with 100,000 objects elsewhere, against 1,000. */
async function selection(name: string, path: string): Promise<Comparison> {
  const few = [pods('asked', 100, 1), pods('elsewhere', 1_000, 10)];
  const many = [pods('asked', 100, 1), pods('elsewhere', 100_000, 1_000)];
  return withServer(many, (large) =>
    withServer(few, (small) => {
      const time = async ({ port, reader, tls }: typeof large) => {
        const options = { command: 'lists', port, path, tls, durationMs: 1_000, connections: 1 };
        return 1e6 / (await reader.ask<{ perSecond: number }>(options)).perSecond;
      };
      return compare(
        `${name}, 100,000 pods elsewhere against 1,000`,
        () => time(large),
        () => time(small),
        { unit: 'µs', limit: 'at most 1.5' },
      );
    }),
  );
}

export function benchNamespace(): Promise<Comparison> {
  return selection('a namespace of 100 pods', '/api/v1/namespaces/asked/pods');
}

export function benchFieldSelection(): Promise<Comparison> {
  const path = '/api/v1/namespaces/asked/pods?fieldSelector=spec.nodeName%3Dnode-0';
  return selection('100 pods of a node, by field', path);
}

/** Deliveries a second to 1,000 watchers over TLS, against joined writes of as many bytes by a bare server. */
export function benchWatch(): Promise<Comparison> {
  const connections = 1_000;
  const touch = { key: '/registry/pods/default/pod-0000000', rounds: 20, perRound: 10 };
  return withServer([pods('default', 1)], async ({ child, port, pki, tls }) => {
    const eventBytes = Buffer.byteLength(template('default')) + 60;
    const peer = await bare(pki, new Uint8Array(), eventBytes);
    const reader = async (at: number) => {
      const watching = new Child('./reader.child.mjs');
      const path = '/api/v1/pods?watch=true&resourceVersion=0';
      await watching.ask({ command: 'watches', port: at, path, tls, connections });
      return watching;
    };
    const [ours, theirs] = [await reader(port), await reader(peer.port)];
    const events = connections * touch.rounds * touch.perRound;
    const rate = async (server: Child, watching: Child) => {
      const waiting = watching.ask<{ ms: number }>({ command: 'wait', bytes: events * (eventBytes - 40) });
      await server.ask({ touch });
      return (events * 1000) / (await waiting).ms;
    };
    try {
      return await compare(
        `events of ${eventBytes} bytes to ${connections} watchers over TLS, against bare joined writes`,
        () => rate(child, ours),
        () => rate(peer.child, theirs),
        { unit: 'deliveries/s', limit: 'at least 0.5' },
      );
    } finally {
      for (const each of [peer.child, ours, theirs]) each.close();
    }
  });
}

/** The 99th percentile of a get while lists of 10,000 pods run beside it. */
export function benchGetBesideLists(): Promise<Comparison> {
  return withServer([pods('default', 10_000)], async ({ port, reader, tls }) => {
    const lister = new Child('./reader.child.mjs');
    try {
      return await compare(
        'p99 of a get while two clients list 10,000 pods without pause',
        async () => {
          const lists = { command: 'lists', port, path: '/api/v1/pods', tls };
          const listing = lister.ask({ ...lists, durationMs: 2_500, connections: 2 });
          const path = '/api/v1/namespaces/default/pods/pod-0000001';
          const { p99 } = await reader.ask<{ p99: number }>({
            ...{ command: 'gets', port, path, tls },
            durationMs: 2_000,
          });
          await listing;
          return p99 * 1000;
        },
        5_000,
        { unit: 'µs', limit: 'at most 1' },
      );
    } finally {
      lister.close();
    }
  });
}

/** The longest that the event loop stands still while 100,000 pods are listed. */
export function benchLongList(): Promise<Comparison> {
  return withServer([pods('default', 100_000)], async ({ child, port, reader, tls }) => {
    const longest = async () => {
      await child.ask<Usage>({});
      const options = {
        command: 'lists',
        port,
        path: '/api/v1/pods',
        tls,
        durationMs: 3_000,
        connections: 2,
      };
      await reader.ask(options);
      return (await child.ask<Usage>({})).longestMs * 1000;
    };
    await longest();
    return compare('longest stop of the event loop while 100,000 pods are listed', longest, 20_000, {
      unit: 'µs',
      limit: 'at most 1',
      rounds: 3,
    });
  });
}
