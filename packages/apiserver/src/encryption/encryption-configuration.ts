import type { Schema } from '@kubewright/api';
import { parseConfiguration } from '../configuration/parse-configuration.js';
import type { NamedKey } from './local-transformers.js';

/** Which resources are encrypted by which providers: the first of each writes, all read. */
export interface EncryptionConfiguration {
  readonly resources: readonly {
    /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group), `*.*`. */
    readonly resources: readonly string[];
    readonly providers: readonly EncryptionProvider[];
  }[];
}

export type EncryptionProvider =
  | { readonly type: 'identity' }
  | { readonly type: 'aesgcm' | 'aescbc' | 'secretbox'; readonly keys: readonly NamedKey[] }
  | { readonly type: 'kms'; readonly name: string; readonly endpoint: string; readonly timeoutMs: number };

const text: Schema = { type: 'string' };
const nonEmpty: Schema = { type: 'string', minLength: 1 };
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
});
const list = (items: Schema): Schema => ({ type: 'array', minItems: 1, items });
const keys = object({ keys: list(object({ name: nonEmpty, secret: nonEmpty }, ['name', 'secret'])) }, [
  'keys',
]);
const provider = {
  ...object({
    aesgcm: keys,
    aescbc: keys,
    secretbox: keys,
    identity: { type: 'object' },
    kms: object(
      {
        apiVersion: { enum: ['v2'] },
        name: nonEmpty,
        endpoint: { type: 'string', pattern: '^unix://' },
        timeout: text,
        cachesize: { type: 'integer' },
      },
      ['name', 'endpoint'],
    ),
  }),
  minProperties: 1,
  maxProperties: 1,
};
const schema = object(
  {
    resources: list(
      object({ resources: list(nonEmpty), providers: list(provider) }, ['resources', 'providers']),
    ),
  },
  ['resources'],
);

interface KeyFields {
  readonly keys: readonly { readonly name: string; readonly secret: string }[];
}
interface ProviderFields {
  readonly aesgcm?: KeyFields;
  readonly aescbc?: KeyFields;
  readonly secretbox?: KeyFields;
  readonly identity?: object;
  readonly kms?: {
    readonly apiVersion?: string;
    readonly name: string;
    readonly endpoint: string;
    readonly timeout?: string;
  };
}

/** Lengths of keys in bytes that each provider takes. */
const keyBytes = { aesgcm: [16, 24, 32], aescbc: [16, 24, 32], secretbox: [32] } as const;

/**
 * Reads the file of `--encryption-provider-config`.
 * @throws Error that names the field, and never a secret
 */
export async function parseEncryptionConfiguration(
  content: string,
  file: string,
): Promise<EncryptionConfiguration> {
  const { resources } = await parseConfiguration<{
    readonly resources: readonly {
      readonly resources: readonly string[];
      readonly providers: readonly ProviderFields[];
    }[];
  }>(content, file, {
    kind: 'EncryptionConfiguration',
    apiVersions: ['apiserver.config.k8s.io/v1'],
    schema,
  });
  const names = new Set<string>();
  return {
    resources: resources.map(({ resources: of, providers }, index) => ({
      resources: of,
      providers: providers.map((fields, at) => {
        const read = providerOf(fields, `${file}: resources[${index}].providers[${at}]`);
        if (read.type !== 'kms') return read;
        if (names.has(read.name)) throw new Error(`${file}: the KMS provider ${read.name} is named twice`);
        names.add(read.name);
        return read;
      }),
    })),
  };
}

function providerOf(fields: ProviderFields, where: string): EncryptionProvider {
  for (const type of ['aesgcm', 'aescbc', 'secretbox'] as const) {
    const given = fields[type];
    if (given === undefined) continue;
    const lengths: readonly number[] = keyBytes[type];
    const read = given.keys.map(({ name, secret }, index) => {
      const bytes = Buffer.from(secret, 'base64');
      if (!lengths.includes(bytes.length))
        throw new Error(
          `${where}.${type}.keys[${index}].secret: must be ${lengths.join(', ')} bytes in base64, not ${bytes.length}`,
        );
      return { name, secret: bytes };
    });
    return { type, keys: read };
  }
  if (fields.kms === undefined) return { type: 'identity' };
  const { name, endpoint, timeout = '3s', apiVersion } = fields.kms;
  if (apiVersion !== 'v2') throw new Error(`${where}.kms.apiVersion: must be v2; v1 is not served any more`);
  const seconds = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(timeout);
  if (seconds === null) throw new Error(`${where}.kms.timeout: must be a duration, such as 3s`);
  return { type: 'kms', name, endpoint, timeoutMs: Number(seconds[1]) * (seconds[2] === 's' ? 1000 : 1) };
}
