import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { isAuthorizedForSigner } from '../authorized-for-signer.js';
import { handlesKind } from '../handles-kind.js';
import { refusal } from '../refusal.js';

/** A request is approved or denied by who may approve for its signer. */
export const certificateApproval: AdmissionPlugin<CertificateSigningRequest> = {
  name: 'CertificateApproval',
  handles: handlesKind(CertificateSigningRequest, ['UPDATE'], ['approval']),

  async validate(request) {
    // The old one's signer: an update may try to name another.
    const signer = request.oldObject?.spec?.signerName ?? '';
    if (!(await isAuthorizedForSigner(request.context, 'approve', signer)))
      throw refusal(request, `user not permitted to approve requests with signerName "${signer}"`);
  },
};
