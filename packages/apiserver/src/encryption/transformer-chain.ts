import { ApiError } from '@kubewright/api';
import type { EncryptionMetrics, TransformationType } from '../metrics/encryption-metrics.js';
import { after, type Decrypted, type Eventually, type Transformer } from './transformer.js';

/** What everything begins with that is not plaintext. */
const encryptedMark = Buffer.from('k8s:enc:');

/** Whose values are transformed, and who counts that. */
export interface TransformationCount {
  /** `secrets`, `deployments.apps` */
  readonly resource: string;
  readonly metrics: EncryptionMetrics;
}

/** The providers of a resource: the first writes, all read. */
export class TransformerChain {
  readonly #transformers: readonly { readonly prefix: Buffer; readonly transformer: Transformer }[];
  readonly #count: TransformationCount;

  constructor(transformers: readonly Transformer[], count: TransformationCount) {
    this.#count = count;
    this.#transformers = transformers.map((transformer) => ({
      prefix: Buffer.from(transformer.prefix),
      transformer,
    }));
  }

  encrypt(plain: Uint8Array, key: string): Eventually<Uint8Array> {
    const [first] = this.#transformers;
    if (first === undefined || first.prefix.length === 0) return plain;
    return after(
      this.#counted('to_storage', first.transformer, () => first.transformer.encrypt(plain, key)),
      (bytes) => Buffer.concat([first.prefix, bytes]),
    );
  }

  /** @throws ApiError InternalError for what no provider can read */
  decrypt(stored: Buffer, key: string): Eventually<Decrypted> {
    const index = this.#transformers.findIndex(({ prefix }) => startsWith(stored, prefix));
    const found = this.#transformers[index];
    if (found === undefined)
      throw unreadable(key, new Error('no provider has the prefix of the stored data'));
    try {
      const decrypted = this.#counted('from_storage', found.transformer, () =>
        found.transformer.decrypt(stored.subarray(found.prefix.length), key),
      );
      const judged = after(decrypted, ({ plain, stale }) => ({ plain, stale: stale || index > 0 }));
      return judged instanceof Promise
        ? judged.catch((cause: unknown) => {
            throw unreadable(key, cause);
          })
        : judged;
    } catch (cause) {
      throw unreadable(key, cause);
    }
  }

  #counted<T>(type: TransformationType, transformer: Transformer, run: () => Eventually<T>): Eventually<T> {
    const { resource, metrics } = this.#count;
    const start = performance.now();
    const done = (value: T): T => {
      metrics.transformed(resource, type, providerOf(transformer), performance.now() - start);
      return value;
    };
    const failed = (error: unknown): never => {
      metrics.transformed(resource, type, providerOf(transformer), undefined);
      throw error;
    };
    try {
      const value = run();
      return value instanceof Promise ? value.then(done, failed) : done(value);
    } catch (error) {
      return failed(error);
    }
  }
}

/** The provider's name: what comes before that of its key. */
function providerOf({ prefix }: Transformer): string {
  return /^k8s:enc:[^:]+:[^:]+:/.exec(prefix)?.[0] ?? 'identity';
}

/** Says which object it is, never what it holds. */
function unreadable(key: string, cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ApiError(
    'InternalError',
    `Internal error occurred: unable to transform key ${JSON.stringify(key)}: ${why}`,
    {
      cause,
    },
  );
}

function startsWith(stored: Buffer, prefix: Buffer): boolean {
  if (prefix.length === 0) return !stored.subarray(0, encryptedMark.length).equals(encryptedMark);
  return stored.subarray(0, prefix.length).equals(prefix);
}
