import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import type { Storage, StorageEntry } from '../storage/storage.js';

/**
 * What the servers of one cluster have in common besides its objects: certificate authorities, the keys of tokens, how
 * objects are encrypted. Texts by name.
 */
export type BootstrapMaterial = Readonly<Record<string, string>>;

/** It was encrypted with another token, or somebody changed it. */
export class WrongJoinTokenError extends Error {
  constructor() {
    super('the join token is not that of the cluster whose store this is');
    this.name = 'WrongJoinTokenError';
  }
}

/** Beside the objects, where no resource has its place. */
const key = '/registry/kubewright.dev/bootstrap';
const shortestToken = 16;

/** A token that nobody guesses. */
export function makeJoinToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * What a cluster's servers have in common, encrypted in its store under a key that the join token gives: who reads the
 * store, a copy or a backup of it learns nothing without the token.
 */
export class BootstrapStore {
  readonly #storage: Storage;
  readonly #token: string;

  /** @throws Error for a token that is too short */
  constructor(storage: Storage, token: string) {
    if (token.length < shortestToken)
      throw new Error(`a join token has at least ${shortestToken} characters, this one has ${token.length}`);
    this.#storage = storage;
    this.#token = token;
  }

  /** Whether the store is that of a cluster that has servers already. */
  static async isThere(storage: Storage): Promise<boolean> {
    return (await storage.get(key)).entry !== undefined;
  }

  /** @returns undefined where there is none yet. @throws WrongJoinTokenError */
  async read(): Promise<BootstrapMaterial | undefined> {
    const { entry } = await this.#storage.get(key);
    return entry === undefined ? undefined : open(entry.value, this.#token);
  }

  /**
   * Puts it there where there is none yet, else leaves what there is. @returns what is there then
   * @throws WrongJoinTokenError where somebody else was first, with another token
   */
  async publish(material: BootstrapMaterial): Promise<BootstrapMaterial> {
    const sealed = await seal(material, this.#token);
    let found: StorageEntry | undefined;
    await this.#storage.write(key, (current) => {
      found = current;
      return current === undefined ? { put: sealed } : { keep: true };
    });
    return found === undefined ? material : open(found.value, this.#token);
  }

  /** Changes what is there. @throws WrongJoinTokenError */
  async change(
    change: (material: BootstrapMaterial) => BootstrapMaterial | Promise<BootstrapMaterial>,
  ): Promise<void> {
    await this.#storage.write(key, async (current) => {
      if (current === undefined) return { keep: true };
      return { put: await seal(await change(await open(current.value, this.#token)), this.#token) };
    });
  }
}

interface Sealed {
  readonly salt: string;
  readonly nonce: string;
  readonly tag: string;
  readonly data: string;
}

async function seal(material: BootstrapMaterial, token: string): Promise<Buffer> {
  const [salt, nonce] = [randomBytes(16), randomBytes(12)];
  const cipher = createCipheriv('aes-256-gcm', await keyOf(token, salt), nonce);
  cipher.setAAD(Buffer.from(key));
  const data = Buffer.concat([cipher.update(JSON.stringify(material), 'utf8'), cipher.final()]);
  const sealed: Sealed = {
    salt: salt.toString('base64'),
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    data: data.toString('base64'),
  };
  return Buffer.from(JSON.stringify(sealed));
}

async function open(value: Buffer, token: string): Promise<BootstrapMaterial> {
  const { salt, nonce, tag, data } = JSON.parse(value.toString('utf8')) as Sealed;
  const bytes = (text: string) => Buffer.from(text, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', await keyOf(token, bytes(salt)), bytes(nonce), {
    authTagLength: 16,
  });
  decipher.setAAD(Buffer.from(key));
  decipher.setAuthTag(bytes(tag));
  try {
    const text = Buffer.concat([decipher.update(bytes(data)), decipher.final()]).toString('utf8');
    return JSON.parse(text) as BootstrapMaterial;
  } catch {
    // The cipher says no more than that it does not fit.
    throw new WrongJoinTokenError();
  }
}

function keyOf(token: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(token, salt, 32, (error, derived) => (error === null ? resolve(derived) : reject(error))),
  );
}
