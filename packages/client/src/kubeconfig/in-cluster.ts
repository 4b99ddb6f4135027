import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from './connection.js';
import { KubeconfigError } from './kubeconfig.js';
import { tokenFromFile } from './token-file.js';

/** Where the kubelet mounts a pod's service account. */
const directory = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The cluster that this pod runs in; undefined when this is no pod. @throws KubeconfigError without a service account */
export async function inClusterConnection(
  env: Readonly<Record<string, string | undefined>>,
): Promise<ConnectionOptions | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) return undefined;
  const token = tokenFromFile(`${directory}/token`);
  await token().catch((cause: unknown) => {
    throw new KubeconfigError(
      'can not be read, though KUBERNETES_SERVICE_HOST says that this is a pod: ' +
        'give it a service account whose token is mounted (automountServiceAccountToken), or a kubeconfig',
      { file: `${directory}/token`, field: '' },
      cause,
    );
  });
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: await readFile(`${directory}/ca.crt`, 'utf8'),
    token,
    namespace: (await readFile(`${directory}/namespace`, 'utf8')).trim(),
  };
}
