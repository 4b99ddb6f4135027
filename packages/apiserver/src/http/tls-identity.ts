import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { CertificateUse, ClientCertificate } from './api-request.js';

const certificates = new WeakMap<TLSSocket, ClientCertificate>();

/** Source: KEP-5120's name for the attribute of a subject that is the user's UID. */
const uidAttribute = '1.3.6.1.4.1.57683.2';

/** The certificates of a listener's CAs, by what they vouch for. */
export type TrustedAuthorities = Readonly<Record<CertificateUse, readonly X509Certificate[]>>;

/** Reads a bundle of certificates in PEM. @throws Error for what is no certificate */
export function readBundle(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/**
 * Notes whom the client's certificate names and who vouches for it, once a connection. TLS has verified it against all
 * CAs of the listener together; which of them it leads to decides what it is good for.
 */
export function identify(socket: TLSSocket, authorities: TrustedAuthorities): void {
  const peer = socket.getPeerX509Certificate();
  if (peer === undefined) return;
  const { subject }: { subject: Partial<Record<string, string | string[]>> } = socket.getPeerCertificate();
  const uid = subject[uidAttribute];
  certificates.set(socket, {
    commonName: typeof subject.CN === 'string' ? subject.CN : '',
    organizations: [subject.O ?? []].flat(),
    ...(typeof uid === 'string' ? { uid } : {}),
    fingerprint: peer.fingerprint256.replaceAll(':', '').toLowerCase(),
    notAfter: Date.parse(peer.validTo),
    trustedAs: socket.authorized ? usesOf(peer, authorities) : [],
  });
}

/** The certificate that the client of a connection showed. */
export function certificateOf(socket: TLSSocket): ClientCertificate | undefined {
  return certificates.get(socket);
}

function usesOf(leaf: X509Certificate, authorities: TrustedAuthorities): CertificateUse[] {
  // Where all that is trusted is trusted for one use, TLS has said enough.
  if (authorities['front proxy'].length === 0) return ['client'];
  const chain: X509Certificate[] = [];
  for (let at: X509Certificate | undefined = leaf; at !== undefined && !chain.includes(at); ) {
    chain.push(at);
    at = at.issuerCertificate;
  }
  return (['client', 'front proxy'] as const).filter((use) =>
    authorities[use].some((ca) =>
      chain.some(
        (link) =>
          link.fingerprint256 === ca.fingerprint256 || (link.checkIssued(ca) && link.verify(ca.publicKey)),
      ),
    ),
  );
}
