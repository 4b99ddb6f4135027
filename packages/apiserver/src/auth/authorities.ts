import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createAuthority, type KeyPair } from './certificate-authority.js';

/** The certificate authorities of a cluster. One signs; those that come before and after it are trusted, too. */
export interface Authorities {
  readonly signing: KeyPair;
  /** Signs when everybody has had the time to learn that it is trusted. */
  readonly next?: KeyPair | undefined;
  /** Certificates, in PEM, of those that signed before and have not ended. */
  readonly former: readonly string[];
}

const dayMs = 24 * 60 * 60 * 1000;
/** The next authority is made so long before the one that signs ends: what this signs lives for a year. */
const announceBeforeMs = 400 * dayMs;
/** So long both are trusted before the next one signs. */
const overlapMs = 30 * dayMs;

/** What {@link createAuthority} is given here; whoever brings an authority of another name renews it himself. */
export const authorityName = 'kubewright';

/** The certificates of all that are trusted, in PEM. */
export function trustedBundle({ signing, next, former }: Authorities): string {
  const announced = next === undefined ? [] : [next.certificate];
  return [...new Set([signing.certificate, ...announced, ...former])].join('');
}

/**
 * The authorities as they shall be at a time: the next one is made, takes over, and those that have ended go. The same
 * value where nothing is due.
 */
export async function rotated(authorities: Authorities, now: number): Promise<Authorities> {
  const { signing, next } = authorities;
  const alive = authorities.former.filter((certificate) => endOf(certificate) > now);
  const former = alive.length === authorities.former.length ? authorities.former : alive;
  const end = endOf(signing.certificate);
  if (next !== undefined && (now >= startOf(next.certificate) + overlapMs || end <= now))
    return { signing: next, former: end > now ? [signing.certificate, ...former] : former };
  if (next === undefined && end - now < announceBeforeMs && isOwn(signing)) {
    // Of another name than the one before, so that a chain leads to one of them only.
    const made = await createAuthority(`${authorityName}-${new Date(now).toISOString().slice(0, 10)}`, now);
    return rotated({ signing, next: made, former }, now);
  }
  return former === authorities.former ? authorities : { ...authorities, former };
}

const files = {
  certificate: 'ca.crt',
  key: 'ca.key',
  nextCertificate: 'ca-next.crt',
  nextKey: 'ca-next.key',
  former: 'ca-former.crt',
} as const;

/** The names of the files that hold them. */
export const authorityFiles: readonly string[] = Object.values(files);

/** Reads them from the texts of files; undefined where there are none. A file that is empty is as one that is not there. */
export function readAuthorities(text: (file: string) => string | undefined): Authorities | undefined {
  const pair = (certificateFile: string, keyFile: string): KeyPair | undefined => {
    const [certificate, key] = [text(certificateFile), text(keyFile)];
    return certificate && key ? { certificate, key } : undefined;
  };
  const signing = pair(files.certificate, files.key);
  if (signing === undefined) return undefined;
  const next = pair(files.nextCertificate, files.nextKey);
  const former = text(files.former)?.match(
    /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g,
  );
  // Whoever was cut off while the next one took over has the key of one beside the certificate of the other, or both.
  const isTaken = next !== undefined && (next.certificate === signing.certificate || !isPair(signing));
  return { signing: isTaken ? next : signing, ...(isTaken ? {} : { next }), former: former ?? [] };
}

/**
 * The texts of the files in the order in which they are written. The next authority's stay until it has taken over, and
 * a key comes before its certificate, so that whoever is cut off between two has all that signs.
 */
export function authorityTexts({ signing, next, former }: Authorities): Readonly<Record<string, string>> {
  return {
    [files.former]: former.join(''),
    [files.key]: signing.key,
    [files.certificate]: signing.certificate,
    [files.nextKey]: next?.key ?? '',
    [files.nextCertificate]: next?.certificate ?? '',
  };
}

function isPair({ certificate, key }: KeyPair): boolean {
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}

function isOwn({ certificate }: KeyPair): boolean {
  return new X509Certificate(certificate).subject.startsWith(`CN=${authorityName}`);
}

function startOf(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validFrom);
}

function endOf(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}
