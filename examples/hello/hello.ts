/**
 * `npm run hello`: brings up the web servers of this folder through Kubewright's own client, asks their Service until
 * each has answered, and cleans up. Needs a cluster that runs: `npm start` in another terminal.
 */
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isNotFound, type KubernetesObject } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import { Pod, Service } from '@kubewright/api/core/v1';
import { Client, readManifests } from '@kubewright/client';

const here = dirname(fileURLToPath(import.meta.url));
const namespace = 'default';

const kubeconfig = process.env.KUBECONFIG || join(here, '../../.kubewright/kubeconfig');
try {
  await access(kubeconfig);
  const client = await Client.fromKubeconfig({ path: kubeconfig, retries: 1 });
  try {
    await client.version();
    await sayHello(client);
  } finally {
    await client.close();
  }
} catch (error) {
  const { code } = error as NodeJS.ErrnoException;
  const isAway = code === 'ENOENT' || (error instanceof Error && error.name === 'TransportError');
  console.error(
    isAway
      ? `No cluster answers at ${kubeconfig}. Start one in another terminal with: npm start`
      : `The walk ended early: ${messageOf(error)}`,
  );
  process.exitCode = 1;
}

async function sayHello(client: Client): Promise<void> {
  // What is there already, of kubectl or of a walk that was stopped, is taken over.
  const { applied } = await client.applyObjects(await readManifests(here), {
    fieldManager: 'hello',
    force: true,
    namespace,
  });
  for (const { kind, metadata } of applied) console.log(`${kind} ${metadata.name} applied`);
  try {
    console.log('Waiting for three pods');
    const deployments = client.resource(Deployment).namespace(namespace);
    await deployments.waitFor('hello', (hello) => hello?.status?.readyReplicas === 3, { timeoutMs: 60_000 });
    const pods = await client.resource(Pod).namespace(namespace).list({ labelSelector: 'app=hello' });
    for (const { metadata, status, spec } of pods.items)
      console.log(`  ${metadata.name}  ${status?.phase}  ${status?.podIP}  ${spec?.nodeName}`);
    const service = await client.resource(Service).namespace(namespace).get('hello');
    await askAll(
      `http://${service.spec?.clusterIP}:8080`,
      pods.items.map(({ metadata }) => metadata.name ?? ''),
    );
  } catch (error) {
    await cleanUp(client, applied).catch((left: unknown) => {
      throw new Error(`${messageOf(error)}; and not all could be cleaned up: ${messageOf(left)}`);
    });
    throw error;
  }
  await cleanUp(client, applied);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function cleanUp(client: Client, objects: readonly KubernetesObject[]): Promise<void> {
  for (const object of objects) {
    const resource = await resourceOf(client, object);
    await resource
      .delete(object.metadata.name ?? '', { propagationPolicy: 'Background' })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }
  const pods = client.resource(Pod).namespace(namespace);
  for await (const pod of pods.listAll({ labelSelector: 'app=hello' }))
    await pods.waitFor(pod.metadata.name ?? '', (found) => found === undefined, { timeoutMs: 30_000 });
  console.log('Cleaned up');
}

async function resourceOf(client: Client, { apiVersion = '', kind = '' }: KubernetesObject) {
  return (await client.dynamic({ apiVersion, kind })).namespace(namespace);
}

/** Fetches the address until each of the names has been in an answer. */
async function askAll(url: string, names: readonly string[]): Promise<void> {
  console.log(`Asking ${url}`);
  const silent = new Set(names);
  for (let asked = 0; silent.size > 0; asked++) {
    if (asked === 200) throw new Error(`${[...silent].join(', ')} did not answer in ${asked} requests`);
    // A connection of its own each time: the Service spreads connections, not requests.
    const response = await fetch(url, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.text()).trim();
    const name = names.find((candidate) => answer.endsWith(candidate));
    if (name !== undefined && silent.delete(name)) console.log(`  ${answer}`);
  }
}
