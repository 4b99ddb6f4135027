/** Fills an informer of the built client with 15,000 pods, and prints what it takes and the length of their JSON. */
import { Pod } from '@kubewright/api/core/v1';
import { Client, inProcessTransport } from '@kubewright/client';
import { podJson } from './pod.js';

const count = 15_000;
const encoder = new TextEncoder();
let json = 0;
// Each pod as a server with managed fields has it, made when its page is asked for.
const page = (from: number, size: number) => {
  const items = Array.from({ length: Math.min(size, count - from) }, (_, i) => served(from + i));
  json += items.reduce((sum, item) => sum + item.length, 0);
  const next = from + size < count ? `,"continue":"${from + size}"` : '';
  return encoder.encode(`{"metadata":{"resourceVersion":"1"${next}},"items":[${items.join(',')}]}`);
};
const transport = inProcessTransport(async ({ query, signal }) => {
  if (query?.has('sendInitialEvents')) return { status: 422, headers: {}, body: once(encoder.encode('{}')) };
  if (query?.get('watch') === 'true') return { status: 200, headers: {}, body: silence(signal) };
  const body = once(page(Number(query?.get('continue') ?? 0), Number(query?.get('limit') ?? count)));
  return { status: 200, headers: {}, body };
});
const client = new Client(transport);
const empty = settled();
const informer = client.informer(Pod).start();
await informer.synced;
const full = settled();
process.stdout.write(
  JSON.stringify({
    bytes: full.heapUsed + full.arrayBuffers - empty.heapUsed - empty.arrayBuffers,
    json,
  }),
);
if (informer.size !== count) throw new Error(`the informer has ${informer.size} pods`);
process.exit(0);

function served(index: number): string {
  const pod = JSON.parse(podJson(`pod-${index}`)) as {
    metadata: Record<string, unknown>;
    spec?: object;
    status?: object;
  };
  // What differs from pod to pod in a cluster.
  Object.assign(pod.spec ?? {}, {
    nodeName: `node-${index % 500}`,
    serviceAccountName: `account-${index % 100}`,
  });
  const at = new Date(1_760_000_000_000 + index * 1000).toISOString();
  pod.status = {
    phase: 'Running',
    hostIP: `10.0.${(index % 500) >> 8}.${index & 255}`,
    podIP: `10.244.${index >> 8}.${index & 255}`,
    startTime: at,
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: at,
    })),
    containerStatuses: [
      {
        name: 'web',
        containerID: `containerd://${crypto.randomUUID()}${crypto.randomUUID()}`,
        ready: true,
        restartCount: index % 3,
        state: { running: { startedAt: at } },
      },
    ],
  };
  Object.assign(pod.metadata, {
    uid: crypto.randomUUID(),
    resourceVersion: String(index + 1),
    creationTimestamp: '2026-01-01T00:00:00Z',
    namespace: 'default',
    managedFields: [
      {
        manager: 'bench',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': fieldsOf(pod.spec ?? {}),
        },
      },
    ],
  });
  return JSON.stringify(pod);
}

/** A field set of every field, as a server keeps it. */
function fieldsOf(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, part]: [string, unknown]) => [
      `f:${key}`,
      typeof part === 'object' && part !== null && !Array.isArray(part) ? fieldsOf(part) : {},
    ]),
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* silence(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  yield* [];
}

function settled(): NodeJS.MemoryUsage {
  for (let round = 0; round < 4; round++) globalThis.gc?.();
  return process.memoryUsage();
}
