import { type RunningKubelet, startKubeletComponent } from './components/kubelet.js';
import { startProxyComponent } from './components/proxy.js';
import { renewedClient } from './components/renewed-client.js';
import type { CloseOptions, Running } from './components/running.js';
import { createLogger } from './logger.js';

/** All that the process of the node parts is told. */
export interface NodePartsOptions {
  readonly dataDirectory: string;
  readonly kubeletDirectory: string;
  readonly kubeletKubeconfig: string;
  readonly proxyKubeconfig: string;
  readonly nodeName: string;
  readonly nodeIP: string;
  /** 0 takes a free one. */
  readonly kubeletPort: number;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly loopback: boolean;
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string };
  readonly verbosity: number;
}

/** What the two processes tell each other. */
export type NodePartsMessage =
  | { readonly type: 'start'; readonly options: NodePartsOptions }
  /** What the kubelet shows and whom it takes, renewed. */
  | { readonly type: 'certificate'; readonly tls: NodePartsOptions['tls'] }
  | { readonly type: 'stop' }
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string };

/** Runs the kubelet and the proxy. Resolves when the node is registered and services are forwarded. */
export async function startNodeParts(options: NodePartsOptions): Promise<RunningKubelet> {
  const clients = await Promise.all([
    renewedClient(options.kubeletKubeconfig, 'kubelet'),
    renewedClient(options.proxyKubeconfig, 'kube-proxy'),
  ]);
  const [kubeletClient, proxyClient] = clients;
  const { nodeName, nodeIP, serviceRange, verbosity } = options;
  const running: Running[] = [];
  const close = async (options?: CloseOptions) => {
    // The proxy goes last: pods that end may still talk to services.
    for (const part of running.splice(0)) await part.close(options);
    await Promise.all(clients.map((client) => client.close()));
  };
  try {
    const kubelet = await startKubeletComponent({
      client: kubeletClient,
      logger: createLogger('kubelet', verbosity),
      dataDirectory: options.dataDirectory,
      kubeletDirectory: options.kubeletDirectory,
      nodeName,
      nodeIP,
      port: options.kubeletPort,
      podRange: options.podRange,
      loopback: options.loopback,
      tls: options.tls,
    });
    running.push(kubelet);
    running.push(
      await startProxyComponent({
        client: proxyClient,
        logger: createLogger('proxy', verbosity),
        nodeName,
        nodeIP,
        serviceRange,
      }),
    );
    return { close, replaceCertificate: (tls) => kubelet.replaceCertificate(tls) };
  } catch (error) {
    await close();
    throw error;
  }
}
