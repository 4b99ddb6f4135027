import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Makes a key and a request for a certificate of it, both PEM. */
export async function createCertificateRequest(subject: {
  readonly commonName: string;
  readonly organization: string;
  /** Names and addresses of a server. @default none */
  readonly hosts?: readonly string[];
}): Promise<{ readonly request: string; readonly key: string }> {
  const { hosts = [] } = subject;
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ O: [subject.organization] }, { CN: [subject.commonName] }],
    keys,
    signingAlgorithm: algorithm,
    extensions:
      hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(hosts.map(alternativeName))],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'sec1', format: 'pem' }).toString();
  return { request: `${request.toString('pem')}\n`, key };
}

function alternativeName(host: string): { readonly type: 'dns' | 'ip'; readonly value: string } {
  return { type: isIP(host) === 0 ? 'dns' : 'ip', value: host };
}
