import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import { isSignedByItsKey } from '../auth/certificate-request.js';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { sameValue } from '../validation/immutable.js';
import { validateSignerName } from './signer-name.js';

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const leastSeconds = 600;

/** A request but for its metadata. Source: `validateCertificateSigningRequest` of certificates. */
export function validateSigningRequest({ spec, status }: CertificateSigningRequest): FieldError[] {
  const field = path('spec');
  const errors: FieldError[] = [];
  const request = spec?.request ?? '';
  const problem = requestProblem(request);
  if (problem !== undefined) errors.push(invalid(field.child('request'), request || null, problem));
  const wanted = spec?.usages ?? [];
  if (wanted.length === 0) errors.push(required(field.child('usages')));
  wanted.forEach((usage, index) => {
    if (!usages.includes(usage)) errors.push(notSupported(field.child('usages').index(index), usage, usages));
  });
  wanted.forEach((usage, index) => {
    if (wanted.indexOf(usage) < index) errors.push(duplicate(field.child('usages').index(index), usage));
  });
  const signer = spec?.signerName ?? '';
  if (signer === 'kubernetes.io/legacy-unknown')
    errors.push(
      invalid(field.child('signerName'), signer, 'the legacy signerName is not allowed via this API version'),
    );
  else errors.push(...validateSignerName(signer, field.child('signerName')));
  const seconds = spec?.expirationSeconds;
  if (seconds !== undefined && seconds < leastSeconds)
    errors.push(
      invalid(
        field.child('expirationSeconds'),
        seconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    );
  return [
    ...errors,
    ...validateConditions(status?.conditions ?? []),
    ...validateCertificate(status?.certificate),
  ];
}

/** What is wrong with the base64 of a request in PEM: who asks must have the key. */
function requestProblem(request: string): string | undefined {
  const text = Buffer.from(request, 'base64').toString('latin1');
  const block =
    /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----/.exec(
      text,
    );
  if (block === null) return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    return isSignedByItsKey(Buffer.from(block[1] ?? '', 'base64'))
      ? undefined
      : 'x509: the signature is not of the key';
  } catch (error) {
    // What is cut off or of another form; nothing else is thrown at what is only read.
    return `x509: malformed certificate request: ${error instanceof Error ? error.message : String(error)}`;
  }
}

type Condition = NonNullable<NonNullable<CertificateSigningRequest['status']>['conditions']>[number];

const alwaysTrue = ['Approved', 'Denied', 'Failed'];

function validateConditions(conditions: readonly Condition[]): FieldError[] {
  const field = path('status', 'conditions');
  const seen = new Set<string>();
  return conditions.flatMap(({ type, status }, index) => {
    const at = field.index(index);
    const errors: FieldError[] = type ? [] : [required(at.child('type'))];
    const allowed = alwaysTrue.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (!status) errors.push(required(at.child('status')));
    else if (!allowed.includes(status)) errors.push(notSupported(at.child('status'), status, allowed));
    const other = { Approved: 'Denied', Denied: 'Approved' }[type];
    if (other !== undefined && seen.has(other))
      errors.push(invalid(field, type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type)) errors.push(duplicate(at.child('type'), type));
    seen.add(type);
    return errors;
  });
}

function validateCertificate(certificate: string | undefined): FieldError[] {
  if (!certificate) return [];
  const wrong = (detail: string) => [invalid(path('status', 'certificate'), '<certificate data>', detail)];
  const text = Buffer.from(certificate, 'base64').toString('latin1');
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g)];
  if (blocks.length === 0) return wrong('must contain at least one CERTIFICATE PEM block');
  for (const [block, type] of blocks) {
    if (type !== 'CERTIFICATE')
      return wrong(`only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`);
    try {
      new X509Certificate(block);
    } catch (error) {
      if (error instanceof Error) return wrong(`x509: ${error.message}`);
      throw error;
    }
  }
  return [];
}

/** Who may change what: decisions only the approval, the certificate only the status. */
export function validateSigningRequestUpdate(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  place: 'object' | 'approval' | 'status',
): FieldError[] {
  const field = path('status', 'conditions');
  const of = (one: CertificateSigningRequest, type: string) =>
    (one.status?.conditions ?? []).filter((condition) => condition.type === type);
  const errors: FieldError[] = [];
  for (const type of alwaysTrue)
    if (of(request, type).length < of(old, type).length)
      errors.push(
        forbiddenField(field, `updates may not remove a condition of type ${JSON.stringify(type)}`),
      );
  if (place !== 'approval')
    for (const type of ['Approved', 'Denied']) {
      const [now, before] = [of(request, type), of(old, type)];
      if (now.length > before.length)
        errors.push(forbiddenField(field, `updates may not add a condition of type ${JSON.stringify(type)}`));
      else if (now.length === before.length && !sameValue(now, before))
        errors.push(
          forbiddenField(field, `updates may not modify a condition of type ${JSON.stringify(type)}`),
        );
    }
  const [certificate = '', had = ''] = [request.status?.certificate, old.status?.certificate];
  const at = path('status', 'certificate');
  if (certificate !== had) {
    if (place !== 'status') errors.push(forbiddenField(at, 'updates may not set certificate content'));
    else if (had !== '')
      errors.push(forbiddenField(at, 'updates may not modify existing certificate content'));
  }
  return errors;
}
