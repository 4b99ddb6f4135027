import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PkiDirectory } from '@kubewright/apiserver';
import { Client, renderKubeconfig } from '@kubewright/client';
import type { Etcd } from '../../etcd-process.js';

/** Where a kube-apiserver is. */
export const kubeApiserverPath = process.env.KUBE_APISERVER || 'kube-apiserver';

const readyMs = 120_000;

/** A real kube-apiserver over an etcd, without controllers. */
export interface KubeApiserver {
  /** Of a member of system:masters. */
  readonly client: Client;
  /** What that one connects with. PEM. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** The file of the same user's kubeconfig. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** @param directory for its certificates and its log; the same one may be given again */
export async function startKubeApiserver(
  etcd: Etcd,
  {
    directory,
    port,
    moreFlags = {},
  }: {
    readonly directory: string;
    readonly port: number;
    readonly moreFlags?: Readonly<Record<string, string>>;
  },
): Promise<KubeApiserver> {
  const pki = await PkiDirectory.open(join(directory, 'pki'));
  const serving = await pki.server('server', 'kube-apiserver', ['127.0.0.1']);
  const admin = await pki.client('admin', { user: 'admin', groups: ['system:masters'] });
  const tokens = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const file = async (name: string, text: string) => {
    await writeFile(join(directory, name), text);
    return join(directory, name);
  };
  const ca = pki.authority.certificate;
  const flags = {
    'etcd-servers': etcd.endpoints.join(','),
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'secure-port': String(port),
    'tls-cert-file': await file('server.crt', serving.certificate),
    'tls-private-key-file': await file('server.key', serving.key),
    'client-ca-file': await file('ca.crt', ca),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': await file(
      'sa.pub',
      tokens.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ),
    'service-account-signing-key-file': await file(
      'sa.key',
      tokens.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
    'service-cluster-ip-range': '10.99.0.0/16',
    'authorization-mode': 'Node,RBAC',
    ...moreFlags,
  };
  const log = openSync(join(directory, 'kube-apiserver.log'), 'a');
  const child = spawn(
    kubeApiserverPath,
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { stdio: ['ignore', log, log] },
  );
  const connection = {
    server: `https://127.0.0.1:${port}`,
    ...{ ca, clientCertificate: admin.certificate, clientKey: admin.key },
  };
  const kubeconfig = await file('kubeconfig', renderKubeconfig({ name: 'upstream', ...connection }));
  const client = await Client.fromConnection(connection);
  const close = async () => {
    await client.close();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  try {
    await ready(client, child);
  } catch (error) {
    await close();
    throw error;
  }
  return { client, kubeconfig, tls: { ca, cert: admin.certificate, key: admin.key }, close };
}

async function ready(client: Client, child: ChildProcess): Promise<void> {
  const until = Date.now() + readyMs;
  for (;;) {
    const answer = await client.getPath('/readyz?verbose').then(
      () => undefined,
      (error: unknown) => error,
    );
    // It answers in plain text, which is no JSON: that is an answer, too.
    if (answer === undefined || (answer as { code?: number }).code === 200) return;
    if (child.exitCode !== null || Date.now() > until)
      throw new Error('kube-apiserver did not become ready', { cause: answer });
    await delay(250);
  }
}

/** One that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
