import { X509Certificate } from 'node:crypto';

/** Whether base64 text holds certificates in PEM. Source: apiserver's `webhook.ValidateCABundle`. */
export function isCaBundle(base64: string): boolean {
  const certificates = Buffer.from(base64, 'base64')
    .toString('latin1')
    .match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g);
  return certificates?.every(isCertificate) ?? false;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
