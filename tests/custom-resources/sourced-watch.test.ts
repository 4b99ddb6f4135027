import { defineKind, type KubernetesObject } from '@kubewright/api';
import { kindRules, type SourceEvent } from '@kubewright/apiserver';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WatchStream } from '../apiserver/watch-stream.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

const Sensor = defineKind({
  group: 'plant.example.dev',
  version: 'v1',
  kind: 'Sensor',
  scope: 'Cluster',
  schema: { type: 'object' } as const,
});
const sensor = (name: string, resourceVersion: string): KubernetesObject => ({
  metadata: { name, resourceVersion },
});

async function* changes(signal: AbortSignal): AsyncGenerator<SourceEvent> {
  yield { type: 'MODIFIED', object: sensor('a', '9') };
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

let server: TlsServer;
beforeAll(async () => {
  const source = {
    get: async () => undefined,
    list: async () => [sensor('a', '7'), sensor('b', '8')],
    watch: (_namespace: string | undefined, signal: AbortSignal) => changes(signal),
  };
  server = await startTlsServer({ kinds: [kindRules<KubernetesObject>(Sensor, { source })] });
});
afterAll(() => server.close());

const sensors = '/apis/plant.example.dev/v1/sensors?watch=true';

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
      metadata: { resourceVersion: '8', annotations: { 'k8s.io/initial-events-end': 'true' } },
    },
  });
  expect(await watch.names(1)).toEqual(['MODIFIED a']);
  expect(await watch.isOver()).toBe(true);
});

it('who knows a version gets the changes alone', async () => {
  const watch = await WatchStream.open(server, `${sensors}&resourceVersion=8&timeoutSeconds=1`);
  expect(await watch.names(1)).toEqual(['MODIFIED a']);
});
