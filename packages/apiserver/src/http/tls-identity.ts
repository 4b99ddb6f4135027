import type { TLSSocket } from 'node:tls';
import type { CertificateSubject } from './api-request.js';

const subjects = new WeakMap<TLSSocket, CertificateSubject | null>();

/** The subject of the connection's verified client certificate; read once a connection. */
export function certificateOf(socket: TLSSocket): CertificateSubject | undefined {
  let subject = subjects.get(socket);
  if (subject === undefined) {
    subject = socket.authorized ? read(socket) : null;
    subjects.set(socket, subject);
  }
  return subject ?? undefined;
}

function read(socket: TLSSocket): CertificateSubject | null {
  const certificate = socket.getPeerCertificate();
  const subject: Partial<Record<string, string | string[]>> | undefined = certificate.subject;
  const commonName = subject?.CN;
  if (typeof commonName !== 'string' || commonName === '') return null;
  const organizations = subject?.O ?? [];
  return {
    commonName,
    organizations: Array.isArray(organizations) ? organizations : [organizations],
  };
}
