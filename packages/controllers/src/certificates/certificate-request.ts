import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { alternativeNames } from './alternative-names.js';

/** What a PKCS #10 request asks for. No type of the library's, which needs those of browsers, is to be seen outside. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly names: Readonly<Record<'dns' | 'ip' | 'email' | 'uri', readonly string[]>>;
  /** The request itself. */
  readonly der: Uint8Array;
}

/** Reads the base64 of a request in PEM. @throws Error for what is none */
export function parseCertificateRequest(request: string): CertificateRequest {
  const parsed = new x509.Pkcs10CertificateRequest(Buffer.from(request, 'base64').toString('latin1'));
  const names = alternativeNames(parsed)?.names.toJSON() ?? [];
  const of = (type: string) => names.filter((name) => name.type === type).map(({ value }) => value);
  return {
    commonName: parsed.subjectName.getField('CN').at(-1) ?? '',
    organizations: parsed.subjectName.getField('O'),
    names: { dns: of('dns'), ip: of('ip'), email: of('email'), uri: of('url') },
    der: new Uint8Array(parsed.rawData),
  };
}
