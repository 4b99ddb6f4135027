import { Pod } from '@kubewright/api/core/v1';
import { type Client, withoutManagedFields } from '@kubewright/client';

/** Prints what happens to pods until the signal aborts; nothing else ends it. */
export async function follow(client: Client, print: (line: string) => void, signal: AbortSignal) {
  for await (const event of client.resource(Pod).watcher({ labelSelector: 'app=web', signal })) {
    if (event.type === 'added' || event.type === 'modified' || event.type === 'deleted')
      print(`${event.type} ${event.object.metadata.name}`);
  }
}

/** A cache of all pods, found by their node, and what it knows after a write of one's own. */
export async function podsOfNode(client: Client, signal: AbortSignal): Promise<(string | undefined)[]> {
  const pods = client
    .informer(Pod, {
      transform: withoutManagedFields,
      indexes: { node: ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []) },
    })
    .start(signal);
  await pods.synced;
  const created = await client.resource(Pod).create({
    metadata: { name: 'web-1', namespace: 'default', labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'web', image: 'example/web' }] },
  });
  await pods.waitFor(created.metadata.resourceVersion ?? '', { timeoutMs: 10_000 });
  return pods.byIndex('node', 'n1').map(({ metadata }) => metadata.name);
}
