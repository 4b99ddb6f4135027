import { isConflict, isNotFound } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import { ConfigMap } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';

export async function tour(client: Client): Promise<string[]> {
  const seen: string[] = [];
  // core.listNamespacedConfigMap({ namespace: 'default', labelSelector: 'app=web' })
  const maps = client.resource(ConfigMap).namespace('default');
  for await (const { metadata } of maps.listAll({ labelSelector: 'app=web' })) seen.push(metadata.name ?? '');

  // core.createNamespacedConfigMap({ namespace: 'default', body })
  const made = await maps.create({ metadata: { name: 'settings' }, data: { level: 'info' } });

  // core.patchNamespacedConfigMap({ … }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch))
  await maps.patchMerge('settings', { data: { level: 'debug' } });

  // catch (e) { if (e.code === 409) … }
  await maps.replace({ ...made, data: {} }).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
    seen.push(error.message);
  });

  // KubernetesObjectApi.patch(spec, undefined, undefined, 'me', true, PatchStrategy.ServerSideApply)
  await client.resource(Deployment).apply(
    {
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image: 'example/web' }] },
        },
      },
    },
    { fieldManager: 'me', force: true },
  );
  const ready = ({ status }: Deployment) => (status?.readyReplicas ?? 0) > 0;
  const waited = client
    .resource(Deployment)
    .namespace('default')
    .waitFor('web', (deployment) => deployment !== undefined && ready(deployment), { timeoutMs: 50 });
  await waited.catch((error: Error) => seen.push(error.name));

  // core.deleteNamespacedConfigMap({ name: 'settings', namespace: 'default' })
  await maps.delete('settings');
  await maps.get('settings').catch((error: unknown) => seen.push(isNotFound(error) ? 'gone' : 'odd'));
  return seen;
}
