import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.js';
import type { ClientIdentity } from './connection.js';
import { type EntrySource, KubeconfigError } from './kubeconfig.js';

/** For how long files are taken without another look at them. */
const freshMs = 10_000;

/** A certificate and a key that are read anew when their files may have changed. A pair that does not fit yet is not taken. */
export function identityFromFiles(
  certificatePath: string,
  keyPath: string,
  clock: Clock = systemClock,
): () => Promise<ClientIdentity> {
  let taken: ClientIdentity | undefined;
  let lookAgainAt = 0;
  return async () => {
    if (taken !== undefined && clock.now() < lookAgainAt) return taken;
    const certificate = await readFile(certificatePath, 'utf8');
    if (certificate !== taken?.certificate) {
      const fresh = { certificate, key: await readFile(keyPath, 'utf8') };
      // Files are renewed one after the other: between the two the old pair stays.
      if (taken === undefined || isPair(fresh)) taken = fresh;
    }
    lookAgainAt = clock.now() + freshMs;
    return taken;
  };
}

function isPair({ certificate, key }: ClientIdentity): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    // Half-written files are no pair.
    return false;
  }
}

/** @throws KubeconfigError for a certificate that has ended, which a server would refuse without saying why */
export function checkNotEnded(certificate: string, source: EntrySource, clock: Clock = systemClock): void {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
  } catch (cause) {
    throw new KubeconfigError('holds no X.509 certificate', source, cause);
  }
  if (Date.parse(parsed.validTo) < clock.now())
    throw new KubeconfigError(
      `the client certificate of ${parsed.subject.replaceAll('\n', ', ')} ended on ${new Date(parsed.validTo).toISOString()}: ` +
        'get a new one from who runs the cluster (with kubeadm: kubeadm certs renew)',
      source,
    );
}
