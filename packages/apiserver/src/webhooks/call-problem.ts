import { isIP } from 'node:net';

/** What went wrong with a call, in the words of Go's HTTP client, which people search for. */
export function callProblem(
  error: unknown,
  { host, port, serverName }: { host: string; port: number; serverName: string },
): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '' } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${joined(host, port)}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${joined(host, port)}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${joined(host, port)}: connect: network is unreachable`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: no such host`;
    case 'ECONNRESET':
    case 'EPIPE':
      return 'EOF';
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `${unverified} certificate has expired or is not yet valid`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${unverified} ${namesProblem((error as NameMismatch).cert?.subjectaltname ?? '', serverName)}`;
  }
  return untrusted.has(code) ? `${unverified} certificate signed by unknown authority` : error.message;
}

const unverified = 'tls: failed to verify certificate: x509:';
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
]);

function joined(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What Node says of a certificate that is for another name. */
interface NameMismatch extends Error {
  readonly cert?: { readonly subjectaltname?: string };
}

/** @param alternatives as Node lists them: `DNS:a.example.org, IP Address:10.0.0.1` */
function namesProblem(alternatives: string, wanted: string): string {
  const isAddress = isIP(wanted) !== 0;
  const type = isAddress ? 'IP Address:' : 'DNS:';
  const names = alternatives
    .split(', ')
    .filter((name) => name.startsWith(type))
    .map((name) => name.slice(type.length));
  if (names.length > 0) return `certificate is valid for ${names.join(', ')}, not ${wanted}`;
  return isAddress
    ? `cannot validate certificate for ${wanted} because it doesn't contain any IP SANs`
    : `certificate is not valid for any names, but wanted to match ${wanted}`;
}
