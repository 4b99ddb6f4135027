import { formatTime } from '@kubewright/api';
import { SubjectAccessReview } from '@kubewright/api/authorization/v1';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import type { Client } from '@kubewright/client';
import type { Manager } from '../framework/manager.js';
import { hasCondition } from './csr-conditions.js';
import { kubeletClientProblem, kubeletClientSigner } from './signers.js';

/** What a kubelet may be given without a human: a subresource that it must be allowed to create. */
interface Recognized {
  readonly subresource: 'selfnodeclient' | 'nodeclient';
  readonly message: string;
}

/**
 * Approves the client certificates of kubelets, their first and those that follow, for those who may ask for them.
 * Source: "csrapproving" of kube-controller-manager; "TLS bootstrapping".
 */
export function addCsrApprovingController(manager: Manager): void {
  const requests = manager.informer(CertificateSigningRequest);
  manager
    .controller(CertificateSigningRequest, { name: 'certificatesigningrequest-approving-controller' })
    .reconcile(async ({ name }, { client, clock, signal, logger }) => {
      const request = requests.get(name);
      if (request === undefined || request.status?.certificate) return undefined;
      if (hasCondition(request, 'Approved') || hasCondition(request, 'Denied')) return undefined;
      const candidates = await recognize(request);
      for (const { subresource, message } of candidates) {
        if (!(await mayCreate(client, request, { subresource, signal }))) continue;
        const at = formatTime(clock.now());
        const approved = {
          type: 'Approved',
          status: 'True',
          reason: 'AutoApproved',
          message,
          lastUpdateTime: at,
          lastTransitionTime: at,
        };
        const conditions = [...(request.status?.conditions ?? []), approved];
        await client
          .resource(CertificateSigningRequest)
          .subresource<CertificateSigningRequest>('approval')
          .replace({ ...request, status: { ...request.status, conditions } }, { signal });
        return undefined;
      }
      if (candidates.length > 0)
        logger.info({ request: name }, 'a kubelet asks for a certificate that it is not allowed to have');
      return undefined;
    });
}

/** What the request may be, the narrower first. */
export async function recognize({ spec }: CertificateSigningRequest): Promise<readonly Recognized[]> {
  if (spec?.signerName !== kubeletClientSigner) return [];
  const { parseCertificateRequest } = await import('./certificate-request.js');
  const parsed = parseCertificateRequest(spec.request);
  if (kubeletClientProblem(parsed, spec.usages ?? []) !== undefined) return [];
  const self = {
    subresource: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
  } as const;
  const any = {
    subresource: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
  } as const;
  return spec.username === parsed.commonName ? [self, any] : [any];
}

async function mayCreate(
  client: Client,
  { spec }: CertificateSigningRequest,
  { subresource, signal }: { readonly subresource: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const review = await client.resource(SubjectAccessReview).create(
    {
      metadata: {},
      spec: {
        user: spec?.username,
        uid: spec?.uid,
        groups: spec?.groups,
        extra: spec?.extra,
        resourceAttributes: {
          group: 'certificates.k8s.io',
          version: '*',
          resource: 'certificatesigningrequests',
          subresource,
          verb: 'create',
        },
      },
    },
    { signal },
  );
  return review.status?.allowed === true;
}
