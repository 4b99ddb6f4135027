import { formatTime } from '@kubewright/api';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import type { Manager } from '../framework/manager.js';
import { hasCondition } from './csr-conditions.js';
import type { SigningAuthority } from './sign-certificate.js';
import { signers } from './signers.js';

/** Signs requests that were approved, for the signers of Kubernetes. */
export function addCsrSigningController(manager: Manager, authority: SigningAuthority): void {
  const requests = manager.informer(CertificateSigningRequest);
  manager
    .controller(CertificateSigningRequest, { name: 'certificatesigningrequest-signing-controller' })
    .reconcile(async ({ name }, { client, clock, signal }) => {
      const request = requests.get(name);
      const { signerName = '', usages = [], request: text = '', expirationSeconds } = request?.spec ?? {};
      const rule = Object.hasOwn(signers, signerName) ? signers[signerName] : undefined;
      if (request === undefined || rule === undefined || request.status?.certificate) return undefined;
      if (!hasCondition(request, 'Approved') || hasCondition(request, 'Failed')) return undefined;
      // Most clusters never sign anything.
      const [{ parseCertificateRequest }, { signCertificate }] = await Promise.all([
        import('./certificate-request.js'),
        import('./sign-certificate.js'),
      ]);
      const parsed = parseCertificateRequest(text);
      const problem = rule(parsed, usages);
      const { status } = client.resource(CertificateSigningRequest);
      const now = clock.now();
      if (problem !== undefined) {
        const at = formatTime(now);
        const failed = {
          type: 'Failed',
          status: 'True',
          reason: 'SignerValidationFailure',
          message: problem,
          lastUpdateTime: at,
          lastTransitionTime: at,
        };
        const conditions = [...(request.status?.conditions ?? []), failed];
        await status.replace({ ...request, status: { ...request.status, conditions } }, { signal });
        return undefined;
      }
      const pem = await signCertificate(authority, parsed, { usages, expirationSeconds, now });
      const certificate = Buffer.from(pem).toString('base64');
      await status.replace({ ...request, status: { ...request.status, certificate } }, { signal });
      return undefined;
    });
}
