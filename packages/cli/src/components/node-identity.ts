import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Client, loadConnection, renderKubeconfig, systemClock } from '@kubewright/client';
import {
  type Kubelet,
  keepNodeCertificate,
  type NodeCertificate,
  requestNodeCertificate,
} from '@kubewright/runtime';
import type { Logger } from 'pino';
import { writePrivate } from '../private-file.js';

export interface NodeIdentityOptions {
  /** The kubeconfig of who may ask for a certificate: a bootstrap token. */
  readonly bootstrapKubeconfig: string;
  /** Where the kubeconfig of the node goes, and the certificate beside it in `pki/`. */
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Makes the kubeconfig of a node that has none whose certificate is still good: asks the cluster for a certificate, with
 * the rights of the bootstrap kubeconfig. Source: "TLS bootstrapping". Waits until the request is approved.
 */
export async function bootstrapNode(options: NodeIdentityOptions): Promise<void> {
  const { bootstrapKubeconfig, nodeName, signal } = options;
  const files = filesOf(options.kubeconfig);
  if (await isGood(files.certificate)) return;
  const connection = await loadConnection({ path: bootstrapKubeconfig });
  const client = await Client.fromConnection(connection, { userAgent: 'kubewright-kubelet' });
  try {
    const issued = await requestNodeCertificate(client, { nodeName, signal });
    await mkdir(dirname(files.certificate), { recursive: true, mode: 0o700 });
    await store(files, issued);
    await writePrivate(
      files.kubeconfig,
      renderKubeconfig({
        name: 'kubewright',
        user: `system:node:${nodeName}`,
        server: connection.server,
        ca: connection.ca,
        clientCertificateFile: files.certificate,
        clientKeyFile: files.key,
      }),
    );
  } finally {
    await client.close();
  }
}

/** Renews the certificate that {@link bootstrapNode} got, with the node's own rights, until the signal aborts. */
export async function keepNodeIdentity(client: Client, options: NodeIdentityOptions): Promise<void> {
  const files = filesOf(options.kubeconfig);
  await keepNodeCertificate(client, {
    nodeName: options.nodeName,
    certificate: await readFile(files.certificate, 'utf8'),
    store: (issued) => store(files, issued),
    clock: systemClock,
    logger: options.logger,
    signal: options.signal,
  });
}

/** Gets the serving certificate of a kubelet by a request that somebody approves, and renews it, until the signal aborts. */
export async function keepServingCertificate(
  kubelet: Pick<Kubelet, 'replaceCertificate'>,
  options: {
    readonly client: Client;
    readonly kubeletDirectory: string;
    readonly nodeName: string;
    readonly nodeIP: string;
    readonly logger: Logger;
  },
  signal: AbortSignal,
): Promise<void> {
  const { client, nodeName, nodeIP, logger } = options;
  const directory = join(options.kubeletDirectory, 'pki');
  const file = (name: string) => join(directory, name);
  const files = { kubeconfig: '', certificate: file('kubelet-server.crt'), key: file('kubelet-server.key') };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const known = (await isGood(files.certificate))
    ? { cert: await readFile(files.certificate, 'utf8'), key: await readFile(files.key, 'utf8') }
    : undefined;
  if (known !== undefined) kubelet.replaceCertificate(known);
  await keepNodeCertificate(client, {
    ...{ nodeName, logger, signal, clock: systemClock },
    servingHosts: [nodeName, nodeIP],
    certificate: known?.cert,
    store: async (issued) => {
      await store(files, issued);
      kubelet.replaceCertificate({ cert: issued.certificate, key: issued.key });
    },
  });
}

interface IdentityFiles {
  readonly kubeconfig: string;
  readonly certificate: string;
  readonly key: string;
}

function filesOf(path: string): IdentityFiles {
  const kubeconfig = resolve(path);
  const file = (name: string) => join(dirname(kubeconfig), 'pki', name);
  return { kubeconfig, certificate: file('kubelet-client.crt'), key: file('kubelet-client.key') };
}

// Who reads them takes no pair that does not fit, so that the order does not matter.
async function store(files: IdentityFiles, { certificate, key }: NodeCertificate): Promise<void> {
  await writePrivate(files.key, key);
  await writePrivate(files.certificate, certificate);
}

async function isGood(file: string): Promise<boolean> {
  try {
    return Date.parse(new X509Certificate(await readFile(file)).validTo) > Date.now();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
