import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** A certificate that is its own authority, and its key, in PEM. */
export interface ServingCertificate {
  readonly certificate: string;
  readonly key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clocks differ a little. */
const skewMs = 5 * 60 * 1000;

/**
 * Makes a certificate for a server of these names and addresses. It signs itself: who trusts it (`caBundle`) trusts
 * this server and nobody else.
 */
export async function createServingCertificate(
  hosts: readonly string[],
  { now, lifetimeMs }: { readonly now: number; readonly lifetimeMs: number },
): Promise<ServingCertificate> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const serial = webcrypto.getRandomValues(new Uint8Array(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(serial).toString('hex'),
    name: [{ CN: [hosts[0] ?? 'webhook'] }],
    notBefore: new Date(now - skewMs),
    notAfter: new Date(now + lifetimeMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const), value: host })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** When a certificate is to be replaced: after two thirds of its life. 0 for what is none, or lacks one of the hosts. */
export function rotationTime(certificate: string, hosts: readonly string[]): number {
  try {
    const { notBefore, notAfter, extensions } = new x509.X509Certificate(certificate);
    const names = extensions.find((each) => each instanceof x509.SubjectAlternativeNameExtension);
    const known = new Set(names?.names.items.map(({ value }) => value) ?? []);
    if (hosts.some((host) => !known.has(host))) return 0;
    return notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3;
  } catch {
    // Not a certificate: what somebody put into the Secret by hand is replaced.
    return 0;
  }
}
