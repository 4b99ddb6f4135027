import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { kubewright } from '../cli/kubewright.js';
import { etcdPath, freePorts, startEtcd } from '../etcd-process.js';
import { KubewrightProcess, makeDataDirectory, removeDataDirectory } from '../kubewright-process.js';
import { kubeApiserverPath, startKubeApiserver } from './kube-apiserver/kube-apiserver.js';

/** A control plane with a node of this project. */
export interface RunningServer {
  /** The file of the admin's kubeconfig. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

async function startKubewright(): Promise<RunningServer> {
  const directory = await makeDataDirectory(undefined);
  const up = await KubewrightProcess.start(['up', '--storage', 'memory'], directory);
  return {
    kubeconfig: up.kubeconfig,
    async close() {
      await up.end('SIGTERM');
      await removeDataDirectory(directory);
    },
  };
}

async function startUpstream(): Promise<RunningServer> {
  const directory = await makeDataDirectory(undefined);
  const etcd = await startEtcd();
  const [port = 0] = await freePorts(1);
  const pki = join(directory, 'pki');
  const upstream = await startKubeApiserver(etcd, {
    directory,
    port,
    moreFlags: {
      'kubelet-client-certificate': join(pki, 'admin.crt'),
      'kubelet-client-key': join(pki, 'admin.key'),
      'disable-admission-plugins': 'ServiceAccount',
    },
  });
  const kubelet = {
    kubeconfig: upstream.kubeconfig,
    // The API server goes by the node's name first.
    'node-name': 'localhost',
    'node-ip': '127.0.0.1',
    'pod-cidr': '10.253.7.0/24',
    'tls-cert-file': join(pki, 'server.crt'),
    'tls-private-key-file': join(pki, 'server.key'),
    'client-ca-file': join(pki, 'ca.crt'),
  };
  const flags = Object.entries(kubelet).flatMap(([name, value]) => [`--${name}`, value]);
  const own = ['--port', '0', '--data-dir', join(directory, 'node')];
  const node = kubewright(['kubelet', ...flags, ...own], { cwd: directory });
  await node.seen('kubelet is running');
  return {
    kubeconfig: upstream.kubeconfig,
    async close() {
      node.child.kill();
      await node.ended;
      await upstream.close();
      await etcd.close();
      await removeDataDirectory(directory);
    },
  };
}

const hasUpstream = etcdPath !== undefined && spawnSync(kubeApiserverPath, ['--version']).status === 0;
/** What the client is used against. */
export const servers: readonly (readonly [name: string, start: () => Promise<RunningServer>])[] = [
  ['Kubewright', startKubewright],
  ...(hasUpstream ? [['kube-apiserver', startUpstream] as const] : []),
];
if (!hasUpstream)
  process.stderr.write(
    'The client is not tried against a kube-apiserver: none is named by $KUBE_APISERVER or on the PATH, or there is no etcd.\n',
  );
