import { createPublicKey, verify } from 'node:crypto';
import { CertificationRequest } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';

/** Digest by the OID of the signature's algorithm; null for one that has its own. Source: RFC 4055, 5758, 8410. */
const digests: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

/**
 * Whether a PKCS #10 request is signed with the key that it is for. Source: RFC 2986.
 * @throws Error for what is no such request
 */
export function isSignedByItsKey(der: Buffer): boolean {
  const request = AsnConvert.parse(der, CertificationRequest);
  const digest = digests[request.signatureAlgorithm.algorithm];
  const content = request.certificationRequestInfoRaw;
  if (digest === undefined || content === undefined) return false;
  const spki = Buffer.from(AsnConvert.serialize(request.certificationRequestInfo.subjectPKInfo));
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return verify(digest, Buffer.from(content), key, Buffer.from(request.signature));
}
