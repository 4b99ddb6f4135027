import { X509Certificate } from 'node:crypto';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import { type Client, type Clock, sleep } from '@kubewright/client';
import type { Logger } from 'pino';

/** A certificate and its private key, both PEM. */
export interface NodeCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate of a node is for: to ask the API server, or to serve at these names and addresses. */
export interface NodeCertificateUse {
  /** @default it is for the node as a client */
  readonly servingHosts?: readonly string[];
}

const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
const servingSigner = 'kubernetes.io/kubelet-serving';
/** How long a human may take to approve. */
const approvalMs = 15 * 60 * 1000;

/**
 * Asks the cluster for a certificate of a node and waits until it is approved and signed.
 * @throws Error where it is denied, or nobody approves it in time
 */
export async function requestNodeCertificate(
  client: Client,
  {
    nodeName,
    signal,
    servingHosts,
  }: NodeCertificateUse & { readonly nodeName: string; readonly signal: AbortSignal },
): Promise<NodeCertificate> {
  // Most nodes have their certificate already.
  const { createCertificateRequest } = await import('./certificate-request.js');
  const { request, key } = await createCertificateRequest({
    commonName: `system:node:${nodeName}`,
    organization: 'system:nodes',
    ...(servingHosts === undefined ? {} : { hosts: servingHosts }),
  });
  const requests = client.resource(CertificateSigningRequest);
  const { metadata } = await requests.create(
    {
      metadata: { generateName: 'csr-' },
      spec: {
        request: Buffer.from(request).toString('base64'),
        signerName: servingHosts === undefined ? clientSigner : servingSigner,
        usages: [servingHosts === undefined ? 'client auth' : 'server auth', 'digital signature'],
      },
    },
    { signal },
  );
  const { name = '' } = metadata;
  const decided = await requests.waitFor(
    name,
    (found) => found === undefined || Boolean(found.status?.certificate) || isRefused(found),
    { signal, timeoutMs: approvalMs },
  );
  const certificate = decided?.status?.certificate;
  if (certificate) return { certificate: Buffer.from(certificate, 'base64').toString('utf8'), key };
  const refusal = decided?.status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
  throw new Error(
    `the certificate of ${nodeName} was refused: ${refusal?.message || refusal?.reason || `the request ${name} is gone`}`,
  );
}

function isRefused({ status }: CertificateSigningRequest): boolean {
  return (status?.conditions ?? []).some(({ type }) => type === 'Denied' || type === 'Failed');
}

/** When a certificate is to be renewed, in milliseconds since the epoch: after 70 to 90 % of its life, as upstream. */
export function renewalTime(certificate: string, random: () => number = Math.random): number {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return from + (to - from) * (0.7 + 0.2 * random());
}

const retryMs = 60_000;

/**
 * Renews a certificate of a node before it ends, again and again, until the signal aborts. One that is not there yet is
 * asked for at once.
 */
export async function keepNodeCertificate(
  client: Client,
  options: NodeCertificateUse & {
    readonly nodeName: string;
    readonly certificate: string | undefined;
    /** Keeps the new one where the client finds it. */
    readonly store: (certificate: NodeCertificate) => Promise<void>;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { nodeName, store, clock, logger, signal, servingHosts } = options;
  const use = servingHosts === undefined ? {} : { servingHosts };
  const what = servingHosts === undefined ? 'client certificate' : 'serving certificate';
  let renewAt = options.certificate === undefined ? clock.now() : renewalTime(options.certificate);
  while (!signal.aborted) {
    try {
      await sleep(clock, Math.max(0, renewAt - clock.now()), signal);
      const renewed = await requestNodeCertificate(client, { nodeName, signal, ...use });
      await store(renewed);
      renewAt = renewalTime(renewed.certificate);
      logger.info({ node: nodeName }, `the ${what} was renewed`);
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: error }, `the ${what} could not be renewed and is tried again`);
      renewAt = clock.now() + retryMs;
    }
  }
}
