import type { Client } from '@kubewright/client';
import { type ContainerRuntime, type Kubelet, startKubelet } from '@kubewright/runtime';
import type { Logger } from 'pino';
import { keepServingCertificate } from './node-identity.js';
import type { Running } from './running.js';

export interface KubeletComponentOptions {
  readonly client: Client;
  /** Closed with the kubelet, also with one that does not start. */
  readonly runtime: ContainerRuntime;
  readonly logger: Logger;
  /** For volumes and logs. */
  readonly kubeletDirectory: string;
  readonly nodeName: string;
  /** Where the API server finds the kubelet: the first address of the pod range, unless it is elsewhere. */
  readonly nodeIP: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly podRange: string;
  /** PEM. Without it logs, exec and port-forward are not served. */
  readonly tls?: { readonly cert?: string; readonly key?: string; readonly clientCa: string } | undefined;
  /** Gets the serving certificate from the cluster, once somebody approves it, and renews it. */
  readonly rotateServerCertificates?: boolean;
}

/** A kubelet that serves with another certificate when it is told to. */
export interface RunningKubelet extends Running, Pick<Kubelet, 'replaceCertificate'> {}

/** Runs pods as processes of this machine. Resolves when the node is registered. */
export async function startKubeletComponent(options: KubeletComponentOptions): Promise<RunningKubelet> {
  const { client, runtime, logger, podRange, tls } = options;
  try {
    const kubelet = await startKubelet({
      client,
      runtime,
      logger,
      dataDirectory: options.kubeletDirectory,
      nodeName: options.nodeName,
      nodeIPs: [options.nodeIP],
      bindAddress: options.nodeIP,
      port: options.port,
      podCIDRs: [podRange],
      ...(tls === undefined ? {} : { tls }),
    });
    const leaving = new AbortController();
    const kept =
      options.rotateServerCertificates === true
        ? keepServingCertificate(kubelet, options, leaving.signal)
        : undefined;
    return {
      replaceCertificate: (tls) => kubelet.replaceCertificate(tls),
      close: async ({ hurry = false } = {}) => {
        leaving.abort(new Error('the kubelet is stopping'));
        await kept;
        await kubelet.close({ stopPods: true, graceSeconds: hurry ? 0 : 2 });
        await runtime.close();
      },
    };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
