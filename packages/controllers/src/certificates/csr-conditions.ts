import type { CertificateSigningRequest } from '@kubewright/api/certificates/v1';

/** Whether the request has been approved, denied, or has failed. */
export function hasCondition(
  request: CertificateSigningRequest,
  type: 'Approved' | 'Denied' | 'Failed',
): boolean {
  return (request.status?.conditions ?? []).some((condition) => condition.type === type);
}
