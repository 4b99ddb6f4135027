import * as x509 from '@peculiar/x509';

/** The names of a request besides the common one. */
export function alternativeNames(
  request: x509.Pkcs10CertificateRequest,
): x509.SubjectAlternativeNameExtension | undefined {
  const extension = request.getExtension(subjectAlternativeName);
  return extension === null ? undefined : new x509.SubjectAlternativeNameExtension(extension.rawData);
}

/** Source: RFC 5280, 4.2.1.6. */
const subjectAlternativeName = '2.5.29.17';
