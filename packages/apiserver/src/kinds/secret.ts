import { configMapKeyErrors } from '@kubewright/api';
import { Secret } from '@kubewright/api/core/v1';
import { type FieldError, invalid, path, required, tooLong } from '../validation/field-error.js';
import { validateImmutable } from '../validation/immutable.js';
import { ageColumn, count, nameColumn, text } from './columns.js';
import { maxDataBytes, validateFrozen } from './config-map.js';
import { defineRules } from './kind-rules.js';

export const secretRules = defineRules<Secret>({
  kind: Secret,
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
    JSON.parse(Buffer.from(value, 'base64').toString());
    return [];
  } catch (error) {
    if (error instanceof SyntaxError) return [invalid(field, '<secret contents redacted>', error.message)];
    throw error;
  }
}
