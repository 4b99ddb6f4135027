import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authorities, authorityTexts, readAuthorities, rotated, trustedBundle } from './authorities.js';
import { createAuthority, issueClient } from './certificate-authority.js';
import { PkiDirectory } from './pki-directory.js';

const dayMs = 24 * 60 * 60 * 1000;
/** When the authority of these tests was made; it lives for 3,650 days. */
const start = Date.parse('2026-01-01T00:00:00Z');
const day = (days: number) => start + days * dayMs;

let first: Authorities;
beforeAll(async () => {
  first = { signing: await createAuthority('kubewright', start), former: [] };
});

/** The authorities after somebody has looked at them each day until then. */
async function lookedAt(days: number): Promise<Authorities[]> {
  const seen = [first];
  for (let at = 3_200; at <= days; at++) {
    const [last = first] = seen.slice(-1);
    const now = await rotated(last, day(at));
    if (now !== last) seen.push(now);
  }
  return seen;
}

describe('an authority that will end', () => {
  it('is left alone for nine years', async () => {
    expect(await rotated(first, day(0))).toBe(first);
    expect(await rotated(first, day(3_249))).toBe(first);
  });

  it('is followed by another that is trusted for a month before it signs, and stays trusted until it ends', async () => {
    const [, announced, taken, alone, ...more] = await lookedAt(3_700);
    expect(more).toEqual([]);
    expect(announced?.signing).toBe(first.signing);
    expect(trustedBundle(announced ?? first)).toBe(
      first.signing.certificate + (announced?.next?.certificate ?? ''),
    );
    expect(taken?.signing).toEqual(announced?.next);
    expect(taken?.former).toEqual([first.signing.certificate]);
    expect(alone?.former).toEqual([]);
  });

  it('signs nothing that outlives it', async () => {
    const { certificate } = await issueClient(first.signing, { user: 'jane', groups: [] }, day(3_500));
    expect(new X509Certificate(certificate).validTo).toBe(
      new X509Certificate(first.signing.certificate).validTo,
    );
  });

  it('is replaced at once where nobody looked in time', async () => {
    const late = await rotated(first, day(4_000));
    expect(late.signing).not.toEqual(first.signing);
    expect(late).toMatchObject({ former: [] });
    expect(late.next).toBeUndefined();
  });

  it('is left to whoever brought it', async () => {
    const brought = { signing: await createAuthority('Corporate Root', start), former: [] };
    expect(await rotated(brought, day(3_600))).toBe(brought);
  });
});

it('authorities are read as they were written', async () => {
  for (const authorities of await lookedAt(3_700)) {
    const texts = authorityTexts(authorities);
    expect(readAuthorities((file) => texts[file])).toEqual({ next: undefined, ...authorities });
  }
  expect(readAuthorities(() => undefined)).toBeUndefined();
});

it('authorities that were cut off while they changed sign with one of the two, and trust both', async () => {
  const seen = await lookedAt(3_700);
  const steps = seen.slice(1).map((after, index) => ({ before: seen[index] ?? first, after }));
  for (const { before, after } of steps) {
    const wanted = Object.entries(authorityTexts(after));
    for (let written = 0; written <= wanted.length; written++) {
      const texts = { ...authorityTexts(before), ...Object.fromEntries(wanted.slice(0, written)) };
      const read = readAuthorities((file) => texts[file]);
      expect([before.signing, after.signing]).toContainEqual(read?.signing);
      const trusted = trustedBundle(read ?? first);
      expect(trusted).toContain(after.signing.certificate);
      if (after.former.length > 0) expect(trusted).toContain(before.signing.certificate);
    }
  }
});

describe('a directory', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kubewright-pki-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('changes its authority while it is open, and issues what the one before had signed anew', async () => {
    const pki = await PkiDirectory.open(directory);
    const other = await PkiDirectory.open(directory);
    const before = pki.authority;
    const client = await pki.client('jane', { user: 'jane', groups: [] });
    const end = Date.parse(new X509Certificate(before.certificate).validTo);
    await pki.rotate(end - 390 * dayMs);
    expect(pki.authority).toEqual(before);
    expect(await pki.client('jane', { user: 'jane', groups: [] })).toEqual(client);
    await pki.rotate(end - 350 * dayMs);
    expect(pki.authority).not.toEqual(before);
    expect(pki.trusted).toBe(pki.authority.certificate + before.certificate);
    const renewed = await pki.client('jane', { user: 'jane', groups: [] });
    const signedBy = (certificate: string) =>
      new X509Certificate(renewed.certificate).verify(new X509Certificate(certificate).publicKey);
    expect([signedBy(before.certificate), signedBy(pki.authority.certificate)]).toEqual([false, true]);
    await other.reload();
    expect(other.trusted).toBe(pki.trusted);
    expect((await PkiDirectory.open(directory)).trusted).toBe(pki.trusted);
  });
});
