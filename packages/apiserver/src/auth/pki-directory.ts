import { randomUUID, X509Certificate } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../storage/make-directory.js';
import {
  type Authorities,
  authorityFiles,
  authorityName,
  authorityTexts,
  readAuthorities,
  rotated,
  trustedBundle,
} from './authorities.js';
import {
  type ClientSubject,
  createAuthority,
  issueClient,
  issueServer,
  type KeyPair,
} from './certificate-authority.js';
import {
  generateSigningKey,
  publicPem,
  readTokenKeys,
  type TokenKeys,
} from './service-account/signing-keys.js';

/** A certificate that ends sooner than this is made anew. */
const renewBeforeMs = 30 * 24 * 60 * 60 * 1000;

/**
 * The certificates of a server, kept in a directory that only its owner may read: `ca` (and, while authorities change,
 * `ca-next` and `ca-former`), and one pair for each listener and client asked for, as `NAME.crt` and `NAME.key`.
 */
export class PkiDirectory {
  readonly #directory: string;
  #authorities: Authorities;

  private constructor(directory: string, authorities: Authorities) {
    this.#directory = directory;
    this.#authorities = authorities;
  }

  /** Opens the directory; makes it, with a certificate authority, where there is none. */
  static async open(directory: string): Promise<PkiDirectory> {
    await makeDirectory(directory, 0o700);
    await chmod(directory, 0o700);
    const known = await readDirectory(directory);
    if (known !== undefined) return new PkiDirectory(directory, known);
    const signing = await writePair(directory, 'ca', await createAuthority(authorityName));
    return new PkiDirectory(directory, { signing, former: [] });
  }

  /** The authority that signs. */
  get authority(): KeyPair {
    return this.#authorities.signing;
  }

  /** Certificates, in PEM, of all authorities whose word is taken: the one that signs, the one before and the next. */
  get trusted(): string {
    return trustedBundle(this.#authorities);
  }

  /** Reads the authorities again, which others may have changed. */
  async reload(): Promise<void> {
    this.#authorities = (await readDirectory(this.#directory)) ?? this.#authorities;
  }

  /** Makes the next authority and lets it take over, where it is time for that. @param now milliseconds */
  async rotate(now = Date.now()): Promise<void> {
    await this.reload();
    const due = await rotated(this.#authorities, now);
    if (due === this.#authorities) return;
    for (const [file, text] of Object.entries(authorityTexts(due)))
      await writeWhole(join(this.#directory, file), text);
    this.#authorities = due;
  }

  /** The client certificate of a user; `name` is that of its files. */
  client(name: string, subject: ClientSubject): Promise<KeyPair> {
    return this.#pair(
      name,
      () => true,
      () => issueClient(this.authority, subject),
    );
  }

  /** The certificate of a listener for these host names and addresses. */
  server(name: string, commonName: string, hosts: readonly string[]): Promise<KeyPair> {
    return this.#pair(
      name,
      (certificate) => hosts.every((host) => covers(certificate, host)),
      () => issueServer(this.authority, commonName, hosts),
    );
  }

  /**
   * The keys of service account tokens: `sa.key` signs, and every key of `sa.pub` verifies. Whoever replaces `sa.key`
   * leaves the tokens that are out alone: the public half of the old key stays in `sa.pub`.
   * @param first makes `sa.key`, in PEM, where there is none
   */
  async tokenKeys(first: () => Promise<string> = generateSigningKey): Promise<TokenKeys> {
    const file = (name: string) => join(this.#directory, name);
    const signing = (await readIfThere(file('sa.key'))) ?? (await first());
    const published = (await readIfThere(file('sa.pub'))) ?? '';
    const keys = readTokenKeys(signing, [published]);
    await writeWhole(file('sa.key'), signing);
    await writeWhole(file('sa.pub'), keys.verifying.map(publicPem).join(''));
    return keys;
  }

  async #pair(
    name: string,
    fits: (certificate: X509Certificate) => boolean,
    issue: () => Promise<KeyPair>,
  ): Promise<KeyPair> {
    const known = await readPair(this.#directory, name);
    if (known !== undefined && this.#isCurrent(known) && fits(new X509Certificate(known.certificate)))
      return known;
    return writePair(this.#directory, name, await issue());
  }

  #isCurrent({ certificate }: KeyPair): boolean {
    const leaf = new X509Certificate(certificate);
    const ca = new X509Certificate(this.authority.certificate);
    return Date.parse(leaf.validTo) - Date.now() > renewBeforeMs && leaf.verify(ca.publicKey);
  }
}

function covers(certificate: X509Certificate, host: string): boolean {
  return certificate.checkHost(host) !== undefined || certificate.checkIP(host) !== undefined;
}

async function readPair(directory: string, name: string): Promise<KeyPair | undefined> {
  const [certificate, key] = await Promise.all([
    readIfThere(join(directory, `${name}.crt`)),
    readIfThere(join(directory, `${name}.key`)),
  ]);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

async function readDirectory(directory: string): Promise<Authorities | undefined> {
  const texts = new Map<string, string | undefined>();
  for (const file of authorityFiles) texts.set(file, await readIfThere(join(directory, file)));
  return readAuthorities((file) => texts.get(file));
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

// The key first: a crash in between leaves a pair without certificate, which is made anew.
async function writePair(directory: string, name: string, pair: KeyPair): Promise<KeyPair> {
  await writeWhole(join(directory, `${name}.key`), pair.key);
  await writeWhole(join(directory, `${name}.crt`), pair.certificate);
  return pair;
}

async function writeWhole(file: string, text: string): Promise<void> {
  // Two may write it at once.
  const unfinished = `${file}.${randomUUID()}.new`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, file);
}
