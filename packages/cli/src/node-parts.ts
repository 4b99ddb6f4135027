import { httpsTransport } from '@kubewright/client';
import { type ContainerRuntime, openProcessRuntime, type ProcessRuntimeOptions } from '@kubewright/runtime';
import { type RunningKubelet, startKubeletComponent } from './components/kubelet.js';
import { startProxyComponent } from './components/proxy.js';
import { renewedClient } from './components/renewed-client.js';
import type { CloseOptions } from './components/running.js';
import { createLogger } from './logger.js';

/** All that the process of the node parts is told, besides what its container runtime is. */
export interface NodePartsOptions {
  readonly kubeletDirectory: string;
  readonly kubeletKubeconfig: string;
  readonly proxyKubeconfig: string;
  readonly nodeName: string;
  readonly nodeIP: string;
  /** 0 takes a free one. */
  readonly kubeletPort: number;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string };
  readonly verbosity: number;
}

/** What the two processes tell each other. */
export type NodePartsMessage =
  /** Comes before `start`. */
  | { readonly type: 'prepare'; readonly runtime: ProcessRuntimeOptions }
  | { readonly type: 'start'; readonly options: NodePartsOptions }
  /** What the kubelet shows and whom it takes, renewed. */
  | { readonly type: 'certificate'; readonly tls: NodePartsOptions['tls'] }
  | { readonly type: 'stop' }
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string };

/**
 * What the parts need that the API server has no part in: the container runtime, and the library of connections, which
 * takes longer to load than all else.
 */
export async function prepareNodeParts(options: ProcessRuntimeOptions): Promise<ContainerRuntime> {
  const [runtime] = await Promise.all([openProcessRuntime(options), loadTransport()]);
  return runtime;
}

async function loadTransport(): Promise<void> {
  // The first one loads it.
  const unused = await httpsTransport({ server: 'https://localhost' });
  await unused.close();
}

/**
 * Runs the kubelet and the proxy. Resolves when the node is registered and services are forwarded.
 * @param runtime closed with them, also where they don't start; its bridge has the address that both listen at
 */
export async function startNodeParts(
  runtime: ContainerRuntime,
  options: NodePartsOptions,
): Promise<RunningKubelet> {
  const { nodeName, nodeIP, podRange, serviceRange, verbosity } = options;
  const [kubeletClient, proxyClient] = await Promise.all([
    renewedClient(options.kubeletKubeconfig, 'kubelet'),
    renewedClient(options.proxyKubeconfig, 'kube-proxy'),
  ]).catch(async (error: unknown) => {
    await runtime.close();
    throw error;
  });
  const kubelet = startKubeletComponent({
    client: kubeletClient,
    runtime,
    logger: createLogger('kubelet', verbosity),
    kubeletDirectory: options.kubeletDirectory,
    nodeName,
    nodeIP,
    port: options.kubeletPort,
    podRange,
    tls: options.tls,
  });
  const proxy = startProxyComponent({
    client: proxyClient,
    logger: createLogger('proxy', verbosity),
    nodeName,
    nodeIP,
    serviceRange,
  });
  const close = async (how?: CloseOptions) => {
    // The proxy goes last: pods that end may still talk to services. What did not start has closed itself.
    for (const part of [kubelet, proxy]) await (await part.catch(() => undefined))?.close(how);
    await Promise.all([kubeletClient.close(), proxyClient.close()]);
  };
  try {
    const [{ replaceCertificate }] = await Promise.all([kubelet, proxy]);
    return { close, replaceCertificate };
  } catch (error) {
    await close();
    throw error;
  }
}
