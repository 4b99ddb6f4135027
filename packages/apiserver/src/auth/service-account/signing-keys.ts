import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** How keys of the kinds that are taken sign. Source: RFC 7518, 3.1. */
export type TokenAlgorithm = 'RS256' | 'ES256' | 'ES384' | 'ES512';

/** A public key that verifies tokens. */
export interface VerifyingKey {
  /** Digest of the public key, which tokens name in their header. */
  readonly id: string;
  readonly algorithm: TokenAlgorithm;
  readonly key: KeyObject;
}

/** The key that new tokens are signed with. */
export interface SigningKey extends VerifyingKey {
  readonly privateKey: KeyObject;
}

/** The keys of tokens: one signs, and that and older ones verify, so that a new one leaves tokens that are out alone. */
export interface TokenKeys {
  readonly signing: SigningKey;
  readonly verifying: readonly VerifyingKey[];
}

/**
 * Reads the keys of tokens from PEM.
 * @param signing a private key
 * @param verifying texts of any number of keys, public or private; the signing key need not be among them
 * @throws Error for what is no RSA or ECDSA key
 */
export function readTokenKeys(signing: string, verifying: readonly string[] = []): TokenKeys {
  const privateKey = createPrivateKey(signing);
  const own: SigningKey = { ...verifyingKey(createPublicKey(privateKey)), privateKey };
  const others = verifying
    .flatMap((text) => text.match(/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g) ?? [])
    .map((block) => verifyingKey(createPublicKey(block)));
  const all = new Map([own, ...others].map((key) => [key.id, key]));
  return { signing: own, verifying: [...all.values()] };
}

/** Makes a key that signs tokens, in PEM. RSA, which every relying party can verify. */
export async function generateSigningKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}

/** The key in PEM, for those who verify. */
export function publicPem({ key }: VerifyingKey): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function verifyingKey(key: KeyObject): VerifyingKey {
  const der = key.export({ type: 'spki', format: 'der' });
  return { id: createHash('sha256').update(der).digest('base64url'), algorithm: algorithmOf(key), key };
}

const curveAlgorithms: Readonly<Record<string, TokenAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

function algorithmOf(key: KeyObject): TokenAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
  const algorithm = key.asymmetricKeyType === 'ec' ? curveAlgorithms[curve] : undefined;
  if (algorithm === undefined)
    throw new Error(
      `tokens are signed with RSA or ECDSA keys, not with ${key.asymmetricKeyType ?? 'one of this sort'}`,
    );
  return algorithm;
}
