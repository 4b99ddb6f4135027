import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { type Layout, messageCodec } from '../encoding/message-layout.js';
import type { KmsAnnotations, KmsPlugin } from './kms-plugin.js';
import { openGcm, sealGcm } from './local-transformers.js';
import { after, type Decrypted, type Eventually, type Transformer } from './transformer.js';

/** Which way the key of an object comes from what the plugin encrypted: itself, or derived from a seed for each write. */
const sourceTypes = { key: 0, seed: 1 } as const;

// `EncryptedObject` of KMS v2, as upstream stores it.
const stored = messageCodec({
  encryptedData: [1, 'bytes'],
  keyId: [2, 'string'],
  encryptedSource: [3, 'bytes'],
  annotations: [4, { key: [1, 'string'], value: [2, 'bytes'] }, 'repeated'],
  sourceType: [5, 'int'],
} as const satisfies Layout);

const seedBytes = 32;
const infoBytes = 32;
/** How often the plugin is asked which key it uses now, and how often while it does not answer. */
const pollMs = { well: 60_000, ill: 10_000 };
/** How long what the plugin said of its health holds for those who ask this server's. Source: upstream's health checks of KMS. */
const healthMs = { well: 20_000, ill: 3_000 };

interface Seed {
  readonly secret: Buffer;
  readonly encrypted: Buffer;
  readonly keyId: string;
  readonly annotations: KmsAnnotations;
}

/**
 * Encrypts with keys of its own, which the plugin encrypts in turn: one seed for as long as the plugin's key stays, and
 * a key derived from it for each write. Source: KEP-3299, KMS v2.
 */
export class KmsTransformer implements Transformer {
  readonly prefix: string;
  readonly #plugin: KmsPlugin;
  readonly #logger: Logger;
  readonly #secrets = new LRUCache<string, Buffer>({ max: 1_000 });
  #seed: Seed | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Milliseconds since the epoch. */
  #checkedUntil = 0;
  #problem: unknown;

  constructor(name: string, plugin: KmsPlugin, logger: Logger) {
    this.prefix = `k8s:enc:kms:v2:${name}:`;
    this.#plugin = plugin;
    this.#logger = logger;
  }

  /** Asks the plugin for the first time, and from then on now and then. @throws Error where it does not answer */
  async start(): Promise<void> {
    try {
      await this.#refresh();
      this.#pollIn(pollMs.well);
    } catch (error) {
      this.#pollIn(pollMs.ill);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#plugin.close();
  }

  /** @throws Error where the plugin does not answer, or is not well */
  async check(): Promise<void> {
    if (Date.now() >= this.#checkedUntil) {
      this.#problem = await this.#plugin.status().then(
        () => undefined,
        (error: unknown) => error,
      );
      this.#checkedUntil = Date.now() + (this.#problem === undefined ? healthMs.well : healthMs.ill);
    }
    if (this.#problem !== undefined) throw this.#problem;
  }

  encrypt(plain: Uint8Array, key: string): Eventually<Buffer> {
    return after(this.#seed ?? this.#refresh(), ({ secret, encrypted, keyId, annotations }) => {
      const info = randomBytes(infoBytes);
      return stored.encode({
        encryptedData: Buffer.concat([info, sealGcm(derived(secret, info), plain, key)]),
        keyId,
        encryptedSource: encrypted,
        ...(annotations === undefined ? {} : { annotations }),
        sourceType: sourceTypes.seed,
      });
    });
  }

  decrypt(bytes: Buffer, key: string): Eventually<Decrypted> {
    const message = stored.decode(bytes);
    const { encryptedData = Buffer.alloc(0), keyId = '', encryptedSource = Buffer.alloc(0) } = message;
    const isSeed = message.sourceType === sourceTypes.seed;
    const { annotations } = message;
    return after(this.#secretOf({ encryptedSource, keyId, annotations }), (secret) => ({
      plain: isSeed
        ? openGcm(
            derived(secret, encryptedData.subarray(0, infoBytes)),
            encryptedData.subarray(infoBytes),
            key,
          )
        : openGcm(secret, encryptedData, key),
      stale: !isSeed || keyId !== this.#seed?.keyId,
    }));
  }

  #secretOf(of: {
    readonly encryptedSource: Buffer;
    readonly keyId: string;
    readonly annotations: KmsAnnotations;
  }): Eventually<Buffer> {
    const { encryptedSource, keyId, annotations } = of;
    const digest = createHash('sha256').update(encryptedSource).update(keyId).digest('base64');
    const known = this.#secrets.get(digest);
    if (known !== undefined) return known;
    const asked = this.#plugin.decrypt({
      ciphertext: encryptedSource,
      uid: randomUUID(),
      keyId,
      ...(annotations === undefined ? {} : { annotations }),
    });
    return asked.then((secret) => {
      this.#secrets.set(digest, secret);
      return secret;
    });
  }

  /** A new seed where the plugin has another key now. */
  async #refresh(): Promise<Seed> {
    const { keyId } = await this.#plugin.status();
    if (this.#seed?.keyId === keyId) return this.#seed;
    const secret = randomBytes(seedBytes);
    const answer = await this.#plugin.encrypt(secret, randomUUID());
    const { ciphertext, annotations } = answer;
    if (ciphertext === undefined) throw new Error('the KMS plugin encrypted nothing');
    const encrypted = Buffer.from(ciphertext);
    const seed = { secret, encrypted, keyId: answer.keyId ?? keyId, annotations };
    const digest = createHash('sha256').update(encrypted).update(seed.keyId).digest('base64');
    this.#secrets.set(digest, secret);
    this.#seed = seed;
    return seed;
  }

  #pollIn(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(async () => {
      try {
        await this.#refresh();
        this.#pollIn(pollMs.well);
      } catch (error) {
        this.#logger.error({ err: error, provider: this.prefix }, 'the KMS plugin does not answer');
        this.#pollIn(pollMs.ill);
      }
    }, ms);
    this.#timer.unref();
  }
}

/**
 * HKDF's second half alone, with the seed as the pseudorandom key; one block of SHA-256 is a key. Source: RFC 5869, 2.3.
 */
function derived(seed: Buffer, info: Buffer): Buffer {
  return createHmac('sha256', seed)
    .update(info)
    .update(Buffer.from([1]))
    .digest();
}
