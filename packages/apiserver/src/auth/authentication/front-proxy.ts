import type { ApiRequest } from '../../http/api-request.js';
import { type HeaderValues, unescapedKey, valuesByName } from '../../http/header-values.js';
import { type Authenticator, CredentialError } from '../authenticator.js';
import type { User } from '../user.js';

/** Which headers a front proxy names the user in, and which front proxies may. Names in any case. */
export interface FrontProxyOptions {
  /** Common names of the certificates that may; empty: all that the request header CA vouches for. */
  readonly allowedNames?: readonly string[];
  /** @default ['X-Remote-User'] */
  readonly usernameHeaders?: readonly string[];
  /** @default ['X-Remote-Uid'] */
  readonly uidHeaders?: readonly string[];
  /** @default ['X-Remote-Group'] */
  readonly groupHeaders?: readonly string[];
  /** @default ['X-Remote-Extra-'] */
  readonly extraHeaderPrefixes?: readonly string[];
}

/**
 * Takes the word of a proxy in front of the server, known by its certificate, for whom it asks. The same headers from
 * anybody else mean nothing. Source: apiserver's headerrequest authenticator (`--requestheader-*`).
 */
export function frontProxyAuthenticator(options: FrontProxyOptions, now: () => number): Authenticator {
  const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase());
  const usernames = lower(options.usernameHeaders ?? ['x-remote-user']);
  const uids = lower(options.uidHeaders ?? ['x-remote-uid']);
  const groups = lower(options.groupHeaders ?? ['x-remote-group']);
  const prefixes = lower(options.extraHeaderPrefixes ?? ['x-remote-extra-']);
  const { allowedNames = [] } = options;
  return {
    authenticate({ certificate, rawHeaders }: ApiRequest): User | undefined {
      if (certificate === undefined || !certificate.trustedAs.includes('front proxy')) return undefined;
      const headers = asUtf8(valuesByName(rawHeaders));
      const name = firstOf(headers, usernames);
      if (name === '') return undefined;
      if (certificate.notAfter < now()) throw new CredentialError('x509: certificate has expired');
      if (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName))
        throw new CredentialError(
          `x509: subject with cn=${certificate.commonName} is not in the allowed list`,
        );
      const uid = firstOf(headers, uids);
      return {
        name,
        ...(uid === '' ? {} : { uid }),
        groups: groups.flatMap((header) => headers.get(header) ?? []),
        extra: extraOf(headers, prefixes),
      };
    },
  };
}

/** Node reads headers as Latin-1; proxies write names as UTF-8. */
function asUtf8(headers: HeaderValues): HeaderValues {
  const decoded = (value: string) => Buffer.from(value, 'latin1').toString('utf8');
  return new Map([...headers].map(([name, values]) => [name, values.map(decoded)]));
}

function firstOf(headers: HeaderValues, names: readonly string[]): string {
  for (const name of names) {
    const text = headers.get(name)?.[0];
    if (text !== undefined && text !== '') return text;
  }
  return '';
}

function extraOf(headers: HeaderValues, prefixes: readonly string[]): Record<string, readonly string[]> {
  const extra = new Map<string, readonly string[]>();
  for (const [name, values] of headers) {
    const prefix = prefixes.find((one) => name.startsWith(one));
    if (prefix === undefined) continue;
    const key = unescapedKey(name.slice(prefix.length));
    extra.set(key, [...(extra.get(key) ?? []), ...values]);
  }
  return Object.fromEntries(extra);
}
