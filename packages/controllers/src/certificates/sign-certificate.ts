import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { alternativeNames } from './alternative-names.js';
import type { CertificateRequest } from './certificate-request.js';

/** The CA that signs, both PEM. */
export interface SigningAuthority {
  readonly certificate: string;
  readonly key: string;
}

/** As upstream: a year, and a little before now for clocks that are behind. */
const longestMs = 365 * 24 * 60 * 60 * 1000;
const backdateMs = 5 * 60 * 1000;

const keyUsages: Readonly<Record<string, number>> = {
  signing: x509.KeyUsageFlags.digitalSignature,
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'content commitment': x509.KeyUsageFlags.nonRepudiation,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement,
  'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'cert sign': x509.KeyUsageFlags.keyCertSign,
  'crl sign': x509.KeyUsageFlags.cRLSign,
  'encipher only': x509.KeyUsageFlags.encipherOnly,
  'decipher only': x509.KeyUsageFlags.decipherOnly,
};

/** Source: RFC 5280, 4.2.1.12. */
const extendedUsages: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
};

export interface SignOptions {
  readonly usages: readonly string[];
  /** Seconds; at most a year, and no longer than the CA lives. @default a year */
  readonly expirationSeconds?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Signs a request: subject and names are those that it asks for, usages and lifetime those given.
 * @returns the certificate in PEM
 * @throws Error where the request's own signature is not good
 */
export async function signCertificate(
  authority: SigningAuthority,
  { der }: CertificateRequest,
  { usages, expirationSeconds, now }: SignOptions,
): Promise<string> {
  const parsed = new x509.Pkcs10CertificateRequest(der);
  if (!(await parsed.verify())) throw new Error('the signature of the request is not good');
  const issuer = new x509.X509Certificate(authority.certificate);
  const wantedMs = expirationSeconds === undefined ? longestMs : expirationSeconds * 1000;
  const notAfter = Math.min(now + Math.min(wantedMs, longestMs), issuer.notAfter.getTime());
  const flags = usages.reduce((all, usage) => all | (keyUsages[usage] ?? 0), 0);
  const extended = [...new Set(usages.flatMap((usage) => extendedUsages[usage] ?? []))];
  const names = alternativeNames(parsed);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: issuer.subjectName,
    subject: parsed.subjectName,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(notAfter),
    publicKey: parsed.publicKey,
    ...(await signerOf(authority.key)),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
      ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names === undefined ? [] : [names]),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

async function signerOf(pem: string) {
  const key = createPrivateKey(pem);
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : {
          name: 'ECDSA',
          hash: 'SHA-256',
          namedCurve: curves[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? '',
        };
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const signingKey = (await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, [
    'sign',
  ])) as webcrypto.CryptoKey;
  return { signingKey, signingAlgorithm: algorithm };
}

const curves: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

// Positive and without a leading zero byte, as DER wants.
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
