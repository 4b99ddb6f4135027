import { createPrivateKey, X509Certificate } from 'node:crypto';
import { configMapKeyErrors, decodeJson, JsonSyntaxError } from '@kubewright/api';
import { Secret } from '@kubewright/api/core/v1';
import { type FieldError, invalid, path, required, tooLong } from '../validation/field-error.js';
import { validateImmutable } from '../validation/immutable.js';
import { ageColumn, count, nameColumn, text } from './columns.js';
import { maxDataBytes, validateFrozen } from './config-map.js';
import { defineRules } from './kind-rules.js';

export const secretRules = defineRules<Secret>({
  kind: Secret,
  metadataChecks: 'as new',
  confidential: true,
  storageKey: 'secrets',
  default(secret) {
    secret.type ||= 'Opaque';
    if (secret.stringData === undefined) return;
    const written = Object.entries(secret.stringData).map(([key, value]) => [
      key,
      Buffer.from(value).toString('base64'),
    ]);
    // Built anew, as an assignment to a key `__proto__` would be lost.
    secret.data = Object.fromEntries([...Object.entries(secret.data ?? {}), ...written]) as Record<
      string,
      string
    >;
    // Written, never read: it is gone before anything is stored or shown.
    delete secret.stringData;
  },
  prepareForUpdate(secret, old) {
    // A client that leaves the type out means the one that there is.
    if (!secret.type || (secret.type === 'Opaque' && old.type === undefined)) secret.type = old.type;
  },
  warnings: ({ type, data }) => (type === 'kubernetes.io/tls' ? keyPairWarnings(data ?? {}) : []),
  validate(secret) {
    const errors: FieldError[] = [];
    let size = 0;
    for (const [key, value] of Object.entries(secret.data ?? {})) {
      errors.push(...configMapKeyErrors(key).map((message) => invalid(path('data').key(key), key, message)));
      size += Buffer.byteLength(value, 'base64');
    }
    if (size > maxDataBytes) errors.push(tooLong(path('data'), maxDataBytes));
    errors.push(...validateByType(secret));
    return errors;
  },
  validateUpdate: (secret, old) => [
    ...validateImmutable(secret.type, old.type, path('type')),
    ...validateFrozen(secret, old, ['data']),
  ],
  fields: { type: ({ type }) => type ?? '' },
  columns: [
    nameColumn,
    text('Type', 'What the secret is for.', ({ type }) => type ?? ''),
    count('Data', 'How many entries there are.', ({ data }) => Object.keys(data ?? {}).length),
    ageColumn,
  ],
});

const accountName = 'kubernetes.io/service-account.name';

function validateByType({ type, data = {}, metadata }: Secret): FieldError[] {
  const missing = (...keys: string[]) =>
    keys.filter((key) => data[key] === undefined).map((key) => required(path('data').key(key)));
  switch (type) {
    case 'kubernetes.io/service-account-token':
      return metadata.annotations?.[accountName]
        ? []
        : [required(path('metadata', 'annotations').key(accountName))];
    case 'kubernetes.io/dockercfg':
      return validateJson(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return validateJson(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth':
      return data.username === undefined
        ? data.password === undefined
          ? missing('username', 'password')
          : []
        : [];
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? [] : [required(path('data').key('ssh-privatekey'))];
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key');
    default:
      return [];
  }
}

function validateJson(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const field = path('data').key(key);
  const value = data[key];
  if (value === undefined) return [required(field)];
  try {
    decodeJson(Buffer.from(value, 'base64'));
    return [];
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      return [invalid(field, '<secret contents redacted>', error.message)];
    throw error;
  }
}

/** What Go's TLS says of a certificate and a key that can't be used together. */
function keyPairWarnings(data: Readonly<Record<string, string>>): string[] {
  const pem = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('latin1');
  const [certificate, key] = [pem('tls.crt'), pem('tls.key')];
  if (!certificate.includes('-----BEGIN CERTIFICATE-----'))
    return ['tls: failed to find any PEM data in certificate input'];
  if (!/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/.test(key))
    return ['tls: failed to find any PEM data in key input'];
  try {
    const matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return matches ? [] : ['tls: private key does not match public key'];
  } catch (error) {
    return [`tls: ${error instanceof Error ? error.message : String(error)}`];
  }
}
