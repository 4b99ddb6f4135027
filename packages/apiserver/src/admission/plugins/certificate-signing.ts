import { isDeepStrictEqual } from 'node:util';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { isAuthorizedForSigner } from '../authorized-for-signer.js';
import { handlesKind } from '../handles-kind.js';
import { refusal } from '../refusal.js';

/** A certificate is issued, and a request said to have failed, by who may sign as its signer. */
export const certificateSigning: AdmissionPlugin<CertificateSigningRequest> = {
  name: 'CertificateSigning',
  handles: handlesKind(CertificateSigningRequest, ['UPDATE'], ['status']),

  async validate(request) {
    const { object, oldObject } = request;
    const { certificate, conditions } = object?.status ?? {};
    const old = oldObject?.status;
    if (certificate === old?.certificate && isDeepStrictEqual(conditions, old?.conditions)) return;
    const signer = oldObject?.spec?.signerName ?? '';
    if (!(await isAuthorizedForSigner(request.context, 'sign', signer)))
      throw refusal(request, `user not permitted to sign requests with signerName "${signer}"`);
  },
};
