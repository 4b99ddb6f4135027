import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import type { Transformer } from './transformer.js';

/** A secret of the configuration file by its name. */
export interface NamedKey {
  readonly name: string;
  readonly secret: Buffer;
}

/** Stores what it is given as it is. Source: apiserver's `identity`. */
export const identityTransformer: Transformer = {
  prefix: '',
  encrypt: (plain) => Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength),
  decrypt: (stored) => ({ plain: stored, stale: false }),
};

const nonceBytes = 12;
const tagBytes = 16;

/** AES-GCM with a random nonce. Source: apiserver's `aesgcm`: nonce, ciphertext, tag; the place is authenticated. */
export function aesGcmTransformer({ name, secret }: NamedKey): Transformer {
  return {
    prefix: `k8s:enc:aesgcm:v1:${name}:`,
    encrypt: (plain, key) => sealGcm(secret, plain, key),
    decrypt: (stored, key) => ({ plain: openGcm(secret, stored, key), stale: false }),
  };
}

export function sealGcm(secret: Buffer, plain: Uint8Array, key: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(gcmOf(secret), secret, nonce);
  cipher.setAAD(Buffer.from(key));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error for what was sealed with another secret, for another place, or changed since */
export function openGcm(secret: Buffer, stored: Buffer, key: string): Buffer {
  if (stored.length < nonceBytes + tagBytes) throw new Error('the stored data is shorter than its nonce');
  const decipher = createDecipheriv(gcmOf(secret), secret, stored.subarray(0, nonceBytes));
  decipher.setAAD(Buffer.from(key));
  decipher.setAuthTag(stored.subarray(-tagBytes));
  const end = stored.length - tagBytes;
  return Buffer.concat([decipher.update(stored.subarray(nonceBytes, end)), decipher.final()]);
}

function gcmOf(secret: Buffer): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  return `aes-${(secret.length * 8) as 128 | 192 | 256}-gcm`;
}

const blockBytes = 16;

/** AES-CBC with PKCS #7 padding, which nothing authenticates. Source: apiserver's `aescbc`. */
export function aesCbcTransformer({ name, secret }: NamedKey): Transformer {
  const algorithm = `aes-${secret.length * 8}-cbc`;
  return {
    prefix: `k8s:enc:aescbc:v1:${name}:`,
    encrypt(plain) {
      const iv = randomBytes(blockBytes);
      const cipher = createCipheriv(algorithm, secret, iv);
      return Buffer.concat([iv, cipher.update(plain), cipher.final()]);
    },
    decrypt(stored) {
      const decipher = createDecipheriv(algorithm, secret, stored.subarray(0, blockBytes));
      const plain = Buffer.concat([decipher.update(stored.subarray(blockBytes)), decipher.final()]);
      return { plain, stale: false };
    },
  };
}

const boxNonceBytes = 24;

/** XSalsa20 and Poly1305. Source: apiserver's `secretbox`: nonce, box. */
export function secretboxTransformer({ name, secret }: NamedKey): Transformer {
  return {
    prefix: `k8s:enc:secretbox:v1:${name}:`,
    encrypt(plain) {
      const nonce = randomBytes(boxNonceBytes);
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(plain)]);
    },
    decrypt(stored) {
      const box = xsalsa20poly1305(secret, stored.subarray(0, boxNonceBytes));
      return { plain: Buffer.from(box.decrypt(stored.subarray(boxNonceBytes))), stale: false };
    },
  };
}
