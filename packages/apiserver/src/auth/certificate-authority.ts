import 'reflect-metadata';
import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a client certificate says: CN is the user, each O a group. */
export interface ClientSubject {
  readonly user: string;
  readonly groups: readonly string[];
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 24 * 60 * 60 * 1000;
/** As kubeadm: ten years for a CA, one for what it signs. */
const authorityDays = 3650;
const leafDays = 365;

/** Makes a certificate authority of its own. */
export async function createAuthority(commonName: string, now = Date.now()): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    ...validity(now, authorityDays),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign |
          x509.KeyUsageFlags.digitalSignature |
          x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: exportKey(keys.privateKey) };
}

/** Issues a serving certificate for host names and addresses. */
export function issueServer(
  authority: KeyPair,
  commonName: string,
  hosts: readonly string[],
  now = Date.now(),
): Promise<KeyPair> {
  const names = hosts.map((host) => ({
    type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const),
    value: host,
  }));
  return issue(authority, { CN: [commonName] }, now, [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(names),
  ]);
}

/** Issues a client certificate. */
export function issueClient(authority: KeyPair, subject: ClientSubject, now = Date.now()): Promise<KeyPair> {
  return issue(
    authority,
    { CN: [subject.user], ...(subject.groups.length === 0 ? {} : { O: [...subject.groups] }) },
    now,
    [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
  );
}

async function issue(
  authority: KeyPair,
  subject: Record<string, string[]>,
  now: number,
  extensions: x509.Extension[],
): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: issuer.subject,
    subject: Object.entries(subject).flatMap(([type, values]) =>
      values.map((value) => ({ [type]: [value] })),
    ),
    ...validity(now, leafDays, issuer.notAfter),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...extensions,
    ],
  });
  return { certificate: pem(certificate), key: exportKey(keys.privateKey) };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ]) as Promise<webcrypto.CryptoKeyPair>;
}

// A little before now, so that a clock slightly behind this one accepts it too.
function validity(now: number, days: number, end?: Date): { notBefore: Date; notAfter: Date } {
  const notAfter = Math.min(now + days * dayMs, end?.getTime() ?? Number.POSITIVE_INFINITY);
  return { notBefore: new Date(now - 5 * 60 * 1000), notAfter: new Date(notAfter) };
}

// 16 random bytes, kept positive and without a leading zero byte, as DER wants.
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

/** SEC 1, as kubeadm writes such keys: fabric8's client takes a PKCS #8 key for one of RSA. */
function exportKey(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'sec1', format: 'pem' }).toString();
}

function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(text).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']) as Promise<webcrypto.CryptoKey>;
}
