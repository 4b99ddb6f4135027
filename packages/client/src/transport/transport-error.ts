import { TransportError } from './transport.js';

/** Faults that come before anything is sent. */
const unsentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** What undici says of a request that comes after the end. */
const closedCodes: ReadonlySet<string> = new Set(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);

/** Certificates that don't fit, by OpenSSL's and Node's names: the same next time. */
const certificateFault =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** What a connection's fault means to a caller. An abort stays the abort that the caller asked for. */
export function transportErrorOf(
  error: unknown,
  request: { readonly method: string; readonly path: string; readonly signal?: AbortSignal | undefined },
  origin: string | undefined,
): unknown {
  if (request.signal?.aborted) return request.signal.reason;
  if (error instanceof TransportError) return error;
  const code = codeOf(error);
  if (closedCodes.has(code))
    return new TransportError('the client is closed', { cause: error, unsent: true, permanent: true });
  const permanent = certificateFault.test(code);
  const where = origin === undefined ? '' : ` at ${origin}`;
  const what = `${request.method} ${request.path}${where}`;
  const why = error instanceof Error && error.message !== '' ? error.message : String(error);
  const message = permanent
    ? `${what}: the TLS connection was not made: ${why}${advice(code)}`
    : `${what} got no whole answer: ${why}${code === '' || why.includes(code) ? '' : ` (${code})`}`;
  return new TransportError(message, { cause: error, unsent: permanent || unsentCodes.has(code), permanent });
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  // Several addresses tried: Node collects their faults, and gives the first one's code.
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}

function advice(code: string): string {
  if (/ALERT_CERTIFICATE_(EXPIRED|REVOKED)/.test(code))
    return ' (the server refuses the client certificate: get a new one from who runs the cluster)';
  if (code === 'CERT_HAS_EXPIRED') return ' (the server has to renew its certificate)';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return ' (set tls-server-name to a name that the certificate has)';
  if (/^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code))
    return " (certificate-authority-data must hold the authority that signed the server's certificate)";
  return '';
}
