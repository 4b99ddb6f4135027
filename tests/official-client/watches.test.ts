import {
  CoreV1Api,
  KubeConfig,
  type KubernetesListObject,
  makeInformer,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let config: KubeConfig;
let core: CoreV1Api;
beforeAll(async () => {
  server = await startTlsServer();
  config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
});
afterAll(() => server.close());

const namespace = 'default';
const path = '/api/v1/namespaces/default/configmaps';

async function change(name: string): Promise<V1ConfigMap> {
  const created = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
  await core.replaceNamespacedConfigMap({ namespace, name, body: { ...created, data: { a: '1' } } });
  await core.deleteNamespacedConfigMap({ namespace, name });
  return created;
}

/** The phases that a watch sees until its time is over. */
async function phases(query: Record<string, string | number>): Promise<string[]> {
  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    new Watch(config)
      .watch(
        path,
        { timeoutSeconds: 1, ...query },
        (phase: string) => seen.push(phase),
        (error: unknown) => (error === null || error === undefined ? resolve() : reject(error)),
      )
      .catch(reject);
  });
  return seen;
}

it('watches, and resumes where it was', async () => {
  const { metadata } = await core.listNamespacedConfigMap({ namespace });
  const created = await change('watched');
  const fieldSelector = 'metadata.name=watched';
  const all = await phases({ fieldSelector, resourceVersion: metadata?.resourceVersion ?? '' });
  expect(all).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  const later = await phases({ fieldSelector, resourceVersion: created.metadata?.resourceVersion ?? '' });
  expect(later).toEqual(['MODIFIED', 'DELETED']);
});

it('runs an informer', async () => {
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'there' } } });
  const list = (): Promise<KubernetesListObject<V1ConfigMap>> => core.listNamespacedConfigMap({ namespace });
  const informer = makeInformer(config, path, list);
  const seen: string[] = [];
  const deleted = new Promise<void>((resolve, reject) => {
    for (const event of ['add', 'update', 'delete'] as const)
      informer.on(event as 'add', ({ metadata }: V1ConfigMap) => {
        if (metadata?.name !== 'informed') return;
        seen.push(event);
        if (event === 'delete') resolve();
      });
    informer.on('error', reject);
  });
  await informer.start();
  try {
    expect(informer.list(namespace).map(({ metadata }) => metadata?.name)).toEqual(['there']);
    await change('informed');
    await deleted;
    expect(seen).toEqual(['add', 'update', 'delete']);
    expect(informer.get('informed', namespace)).toBeUndefined();
  } finally {
    await informer.stop();
  }
});
