/** Now, or later where somebody else must be asked. */
export type Eventually<T> = T | Promise<T>;

/** What was stored, readable again. */
export interface Decrypted {
  readonly plain: Buffer;
  /** True where it would be stored otherwise now: under another key, or encrypted at all. */
  readonly stale: boolean;
}

/**
 * One way to encrypt what is stored. Answers at once where the key is at hand.
 * `key` is the object's place in the store, to which the ciphertext is bound: it can't be moved to another.
 */
export interface Transformer {
  /** What everything that it stores begins with: `k8s:enc:aesgcm:v1:key1:`. Empty for plaintext. */
  readonly prefix: string;
  encrypt(plain: Uint8Array, key: string): Eventually<Buffer>;
  /** @param stored without the prefix @throws Error for what was not encrypted so */
  decrypt(stored: Buffer, key: string): Eventually<Decrypted>;
}

/** Goes on with a value that may be here already. */
export function after<T, R>(value: Eventually<T>, then: (value: T) => Eventually<R>): Eventually<R> {
  return value instanceof Promise ? value.then(then) : then(value);
}
