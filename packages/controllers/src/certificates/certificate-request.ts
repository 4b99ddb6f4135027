import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** What a PKCS #10 request asks for. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly names: Readonly<Record<'dns' | 'ip' | 'email' | 'uri', readonly string[]>>;
  readonly parsed: x509.Pkcs10CertificateRequest;
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
    parsed,
  };
}

/** The names besides the common one. */
export function alternativeNames(
  request: x509.Pkcs10CertificateRequest,
): x509.SubjectAlternativeNameExtension | undefined {
  const extension = request.getExtension(subjectAlternativeName);
  return extension === null ? undefined : new x509.SubjectAlternativeNameExtension(extension.rawData);
}

/** Source: RFC 5280, 4.2.1.6. */
const subjectAlternativeName = '2.5.29.17';
