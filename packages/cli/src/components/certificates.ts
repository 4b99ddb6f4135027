import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { HttpsOptions, KeyPair, ListenerCertificates, PkiDirectory } from '@kubewright/apiserver';
import type { Logger } from 'pino';
import { CommandError } from '../command-error.js';
import { readPem } from './pem-file.js';

/** Options of the command line, named as kube-apiserver's where it has them. Files are PEM. */
export interface TransportFlags {
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly clientCaFile?: string;
  readonly requestheaderClientCaFile?: string;
  readonly corsAllowedOrigins?: readonly RegExp[];
  readonly allowedHosts?: readonly string[];
}

/** What the server shows and takes, out of the files that were named, or else of the data directory. */
export async function listenerCertificates(
  flags: TransportFlags,
  pki: PkiDirectory,
  hosts: readonly string[],
): Promise<ListenerCertificates> {
  const { tlsCertFile, tlsPrivateKeyFile, clientCaFile, requestheaderClientCaFile } = flags;
  const [serving, ownClients, otherClients, requestHeaderCA] = await Promise.all([
    servingPair(tlsCertFile, tlsPrivateKeyFile, () => pki.server('apiserver', 'kube-apiserver', hosts)),
    pki.trusted,
    clientCaFile === undefined ? '' : readAuthorities('--client-ca-file', clientCaFile),
    requestheaderClientCaFile === undefined
      ? undefined
      : readAuthorities('--requestheader-client-ca-file', requestheaderClientCaFile),
  ]);
  // The parts of this cluster have certificates of its own CA, whoever else may come.
  return { ...serving, clientCA: `${ownClients}${otherClients}`, requestHeaderCA };
}

/** How the server treats hosts and pages. */
export function transportOptions(
  flags: TransportFlags,
): Pick<HttpsOptions, 'allowedHosts' | 'corsAllowedOrigins'> {
  return { allowedHosts: flags.allowedHosts ?? [], corsAllowedOrigins: flags.corsAllowedOrigins ?? [] };
}

async function servingPair(
  certFile: string | undefined,
  keyFile: string | undefined,
  own: () => Promise<KeyPair>,
): Promise<KeyPair> {
  if (certFile === undefined && keyFile === undefined) return own();
  if (certFile === undefined || keyFile === undefined)
    throw new CommandError('--tls-cert-file and --tls-private-key-file go together');
  const [certificate, key] = await Promise.all([
    readPem('--tls-cert-file', certFile, 'certificate', (pem) => new X509Certificate(pem)),
    readPem('--tls-private-key-file', keyFile, 'private key', (pem) => createPrivateKey(pem)),
  ]);
  if (!certificate.parsed.checkPrivateKey(key.parsed))
    throw new CommandError(`--tls-private-key-file ${keyFile}: is not the key of ${certFile}`);
  return { certificate: certificate.pem, key: key.pem };
}

async function readAuthorities(option: string, file: string): Promise<string> {
  const { pem } = await readPem(option, file, 'certificates', (text) =>
    (text.match(certificates) ?? ['']).map((one) => new X509Certificate(one)),
  );
  return pem;
}

const certificates = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** So often files are looked at, in milliseconds. */
const lookMs = 60_000;

/**
 * Looks now and then at what may have changed, and says what it is now, where it has: files that somebody replaced,
 * certificates that were renewed. What can't be read leaves everything as it was. @returns stops it
 */
export function follow<T>(
  read: () => Promise<T>,
  options: {
    readonly current: T;
    readonly apply: (value: T) => void | Promise<void>;
    readonly what: string;
    readonly logger: Logger;
  },
): () => void {
  const { apply, what, logger } = options;
  let known = JSON.stringify(options.current);
  const timer = setInterval(async () => {
    try {
      const value = await read();
      const text = JSON.stringify(value);
      if (text === known) return;
      await apply(value);
      known = text;
      logger.info(`${what} have changed and are in use`);
    } catch (error) {
      logger.error({ err: error }, `${what} can't be used and stay as they were`);
    }
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}
