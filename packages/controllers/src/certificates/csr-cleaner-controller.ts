import { X509Certificate } from 'node:crypto';
import { isNotFound, parseTime } from '@kubewright/api';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import type { Manager } from '../framework/manager.js';

/** How long a request is kept after what was last done about it, in milliseconds. Upstream's. */
const hourMs = 60 * 60 * 1000;
const keptMs = { Approved: hourMs, Denied: hourMs, Failed: hourMs, pending: 24 * hourMs } as const;

/** Deletes requests that nobody will ask for any more. */
export function addCsrCleanerController(manager: Manager): void {
  const requests = manager.informer(CertificateSigningRequest);
  manager
    .controller(CertificateSigningRequest, { name: 'certificatesigningrequest-cleaner-controller' })
    .reconcile(async ({ name }, { client, clock, signal }) => {
      const request = requests.get(name);
      if (request === undefined) return undefined;
      const waitMs = uselessAt(request) - clock.now();
      if (waitMs > 0) return { requeueAfterMs: waitMs };
      const { uid } = request.metadata;
      try {
        await client
          .resource(CertificateSigningRequest)
          .delete(name, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return undefined;
    });
}

/** When nobody needs the request any more, in milliseconds since the epoch. */
export function uselessAt({ metadata, status }: CertificateSigningRequest): number {
  const created = parseTime(metadata.creationTimestamp ?? '') ?? 0;
  const { certificate, conditions = [] } = status ?? {};
  const times: number[] = [];
  for (const { type, lastUpdateTime } of conditions) {
    // Approved without a certificate: a signer of somebody else's may still be at it.
    if (type !== 'Approved' && type !== 'Denied' && type !== 'Failed') continue;
    if (type === 'Approved' && !certificate) times.push(created + keptMs.pending);
    else times.push((parseTime(lastUpdateTime ?? '') ?? created) + keptMs[type]);
  }
  if (times.length === 0) times.push(created + keptMs.pending);
  if (certificate) times.push(Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo));
  return Math.min(...times);
}
