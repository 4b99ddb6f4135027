/** What client-browser.test.ts runs in a browser: uses a cluster as a page does, and tells the test what it saw. */
import { isNotFound } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import { Client, fetchTransport, type InformerHandlers } from '@kubewright/client/browser';

/** What the test put into this script's address. */
const { server = '', token = '' } = Object.fromEntries(new URL(import.meta.url).searchParams);

async function use(): Promise<Record<string, unknown>> {
  const transport = fetchTransport({ server, token: async () => token });
  const client = new Client(transport);
  const maps = client.resource(ConfigMap).namespace('default');
  const informer = client.informer(ConfigMap, { namespace: 'default' }).start();
  await informer.synced;
  const events: string[] = [];
  const handlers: InformerHandlers<ConfigMap> = {
    add: ({ metadata }) => events.push(`add ${metadata.name}`),
    update: ({ data }) => events.push(`update ${data?.a}`),
    delete: ({ metadata }) => events.push(`delete ${metadata.name}`),
  };
  informer.on(handlers);
  const created = await maps.create({ metadata: { name: 'from-page' }, data: { a: '1' } });
  await informer.waitFor(created.metadata.resourceVersion ?? '', { timeoutMs: 10_000 });
  await maps.apply({ metadata: { name: 'from-page' }, data: { a: '2' } }, { force: true });
  const listed: unknown[] = [];
  for await (const { metadata, data } of maps.listAll({ limit: 1 })) listed.push([metadata.name, data?.a]);

  const path = '/api/v1/namespaces/default/configmaps';
  const query = new URLSearchParams({ watch: 'true' });
  const socket = await transport.connect({ path, query, headers: {}, protocols: ['binary.k8s.io'] });
  let first = '';
  for await (const message of socket.messages) {
    first = new TextDecoder().decode(message);
    break;
  }
  socket.close();

  await maps.delete('from-page');
  await maps.waitFor('from-page', (found) => found === undefined, { timeoutMs: 10_000 });
  const gone = await maps.get('from-page').then(() => false, isNotFound);
  const late = await client.version({ signal: AbortSignal.abort(new Error('over')) }).catch(String);
  const file = await Client.fromKubeconfig().catch(String);
  informer.stop();
  await client.close();
  return { events, listed, socket: JSON.parse(first).type, gone, late, file };
}

const body = await use().then(JSON.stringify, (error: unknown) =>
  JSON.stringify({ failed: error instanceof Error ? error.stack : String(error) }),
);
await fetch('/result', { method: 'POST', body });
