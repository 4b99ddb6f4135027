import 'reflect-metadata';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { handlesKind } from '../handles-kind.js';
import { refusal } from '../refusal.js';

const signer = 'kubernetes.io/kube-apiserver-client';
const group = 'system:masters';

/** Nobody signs himself a client certificate of the group that may do everything. */
export const certificateSubjectRestriction: AdmissionPlugin<CertificateSigningRequest> = {
  name: 'CertificateSubjectRestriction',
  handles: handlesKind(CertificateSigningRequest, ['CREATE']),

  validate(request) {
    const { spec } = request.object ?? {};
    if (spec?.signerName !== signer) return;
    let organizations: readonly string[];
    try {
      organizations = organizationsOf(spec.request);
    } catch (error) {
      throw refusal(
        request,
        `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    if (organizations.includes(group))
      throw refusal(request, `use of ${signer} signer with ${group} group is not allowed`);
  },
};

/** @param pem in base64 @throws Error for what is no request */
function organizationsOf(pem: string): readonly string[] {
  const text = Buffer.from(pem, 'base64').toString('latin1');
  return new Pkcs10CertificateRequest(text).subjectName.getField('O');
}
