import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';
import { podJson } from './pod.js';
import { scratchDirectory, scratchPki } from './scratch.js';

interface Times {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const nodes = 20;
const pod = '/api/v1/namespaces/default/pods/pod-0000000';
/** Longer than clients of either sort wait for a renewal: a leader gives up after 10 s, a kubelet's client as well. */
const missedAfterMs = 10_000;

/**
 * What a user with 500 connections in a loop does to another user's gets, and to the leases of nodes and of a leader.
 * He keeps on asking whatever he is answered, 429 included.
 */
export async function benchFairness(): Promise<Comparison> {
  const directory = scratchDirectory();
  const pki = await scratchPki(directory.path);
  const children: Child[] = [];
  const child = (file: string) => {
    const made = new Child(file, { asServer: file.startsWith('./api-server') });
    children.push(made);
    return made;
  };
  try {
    const objects = [podObjects(), ...leaseObjects()];
    const server = child('./api-server.child.mjs');
    const { port, pid } = await server.ask<{ port: number; pid: number }>({ pki, objects, flowControl: {} });
    const [greedy, modest, keepers] = [1, 2, 3].map(() => child('./fairness.child.mjs')) as [
      Child,
      Child,
      Child,
    ];
    const users = { greedy: await pki.user('greedy'), modest: await pki.user('modest') };
    const leases = await leaseKeepers(pki);
    await keepers.ask({ command: 'keep', port, leases });
    const gets = async () => {
      const options = { command: 'modest', port, path: pod, pid, tls: users.modest, durationMs: 2_500 };
      return modest.ask<Times & { ofServer: Times }>(options);
    };
    const notes: string[] = [];
    const loaded = async () => {
      await greedy.ask({ command: 'greedy', port, path: pod, tls: users.greedy, connections: 500 });
      const renewing = keepers.ask<Times>({ command: 'renewals', durationMs: 2_500, everyMs: 200 });
      const asked = await gets();
      const renewed = await renewing;
      const { counts } = await greedy.ask<{ counts: Record<string, number> }>({ command: 'stop' });
      if (renewed.longest > missedAfterMs)
        throw new Error(`a lease took ${renewed.longest} ms to be renewed`);
      notes.push(
        `beside ${JSON.stringify(counts)} answers: p50 ${asked.p50.toFixed(1)} ms of ${asked.count} gets, in which the server ran for ${asked.ofServer.p50.toFixed(1)} ms, p99 ${asked.ofServer.p99.toFixed(1)} ms; of ${renewed.count} renewals of leases p99 ${renewed.p99.toFixed(1)} ms, the longest ${renewed.longest.toFixed(1)} ms, none missed`,
      );
      return asked.p99 * 1000;
    };
    const quiet = async () => (await gets()).p99 * 1000;
    const result = await compare(
      "p99 of a user's gets while another loops over 500 connections, against alone",
      loaded,
      quiet,
      { unit: 'µs', limit: 'at most 3, or 25 ms' },
    );
    return { ...result, notes: notes.slice(1) };
  } finally {
    for (const each of children) each.close();
    directory.remove();
  }
}

function podObjects() {
  const { apiVersion, kind, metadata, spec } = JSON.parse(podJson()) as Record<string, object>;
  const more = { namespace: 'default', uid: 'NAME-0000-4000', creationTimestamp: '2026-11-20T00:00:00Z' };
  const template = JSON.stringify({ apiVersion, kind, metadata: { ...metadata, ...more }, spec });
  return { prefix: '/registry/pods/default/', template, count: 1, nodes: 1 };
}

const leaseGroups = [
  { namespace: 'kube-node-lease', count: nodes },
  { namespace: 'kube-system', count: 1 },
];

function leaseObjects() {
  return leaseGroups.map(({ namespace, count }) => {
    const metadata = { name: 'NAME', namespace, uid: 'NAME', creationTimestamp: '2026-11-20T00:00:00Z' };
    const spec = {
      holderIdentity: 'NAME',
      leaseDurationSeconds: 40,
      renewTime: '2026-11-20T00:00:00.000000Z',
    };
    const template = JSON.stringify({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
    return { prefix: `/registry/leases/${namespace}/`, template, count, nodes: 1 };
  });
}

/** Who renews which lease: each node its own, and the scheduler that of the leader. */
async function leaseKeepers(pki: Awaited<ReturnType<typeof scratchPki>>) {
  const path = (namespace: string, index: number) =>
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/pod-${String(index).padStart(7, '0')}`;
  const keepers = Array.from({ length: nodes }, async (_, index) => ({
    path: path('kube-node-lease', index),
    tls: await pki.user(`system:node:node-${index}`, 'system:nodes'),
  }));
  const leader = { path: path('kube-system', 0), tls: await pki.user('system:kube-scheduler') };
  return [...(await Promise.all(keepers)), leader];
}
