import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isApiError } from '@kubewright/api';
import { PkiDirectory } from '@kubewright/apiserver';
import { Client, renderKubeconfig, TransportError } from '@kubewright/client';
import { etcdPath, freePorts, startEtcd } from './etcd-process.js';

/**
 * Where upstream's kube-apiserver is: `$KUBE_APISERVER`, or on the PATH. Undefined where it is not, or etcd, which it
 * needs: tests that compare with it say so, and test this project's server alone.
 */
export const kubeApiserverPath =
  etcdPath === undefined
    ? undefined
    : [
        process.env.KUBE_APISERVER ?? '',
        ...(process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'kube-apiserver')),
      ].find((file) => file !== '' && existsSync(file));

/** A running kube-apiserver. */
export interface KubeApiserver {
  /** The file of the admin's kubeconfig. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** Starts a kube-apiserver over an etcd of its own. Resolves when it is ready. */
export async function startKubeApiserver(): Promise<KubeApiserver> {
  if (kubeApiserverPath === undefined) throw new Error('there is no kube-apiserver');
  const directory = await mkdtemp(join(tmpdir(), 'kube-apiserver-'));
  const etcd = await startEtcd({ flags: ['--unsafe-no-fsync'] });
  const [port = 0] = await freePorts(1);
  const pki = await PkiDirectory.open(directory);
  const { key } = await pki.server('server', 'kube-apiserver', ['127.0.0.1', 'kubernetes.default.svc']);
  const admin = await pki.client('admin', { user: 'admin', groups: ['system:masters'] });
  await writeFile(join(directory, 'accounts.key'), key);
  const flags = {
    'etcd-servers': etcd.endpoints.join(','),
    'secure-port': port,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'tls-cert-file': join(directory, 'server.crt'),
    'tls-private-key-file': join(directory, 'server.key'),
    'client-ca-file': join(directory, 'ca.crt'),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': join(directory, 'accounts.key'),
    'service-account-signing-key-file': join(directory, 'accounts.key'),
    'service-cluster-ip-range': '10.96.0.0/16',
    'authorization-mode': 'Node,RBAC',
  };
  const child = spawn(
    kubeApiserverPath,
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-4000);
  });
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(
    kubeconfig,
    renderKubeconfig({
      name: 'upstream',
      server: `https://127.0.0.1:${port}`,
      ca: pki.authority.certificate,
      clientCertificate: admin.certificate,
      clientKey: admin.key,
    }),
  );
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await etcd.close();
    await rm(directory, { recursive: true, force: true });
  };
  const client = await Client.fromKubeconfig({ path: kubeconfig, retries: 0 });
  try {
    const until = Date.now() + 120_000;
    while (!(await isReady(client))) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`kube-apiserver is not ready: ${log}`);
      await delay(100);
    }
  } catch (error) {
    await close();
    throw error;
  } finally {
    await client.close();
  }
  return { kubeconfig, close };
}

async function isReady(client: Client): Promise<boolean> {
  try {
    const { body } = await client.requester.stream({ method: 'GET', path: '/readyz', accept: '*/*' });
    for await (const chunk of body) if (Buffer.from(chunk).toString() === 'ok') return true;
    return false;
  } catch (error) {
    if (isApiError(error) || error instanceof TransportError) return false;
    throw error;
  }
}
