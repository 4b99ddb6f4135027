import { decodeJson } from '@kubewright/api';

/** A number beyond 2^53 has at least so many digits. */
const manyDigits = /\d{16}/;

/**
 * The value of JSON that the server wrote itself, which has no key twice: a quarter cheaper than a body.
 * Integers are exact all the same.
 */
export function parseOwnJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  return manyDigits.test(text) ? decodeJson(bytes).value : JSON.parse(text);
}
