/** The parts of a URL as it was written. */
export interface ParsedUrl {
  readonly scheme: string;
  /** With the port. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/**
 * Reads what Go's `url.ParseRequestURI` reads: an absolute URL or an absolute path. A fragment is a part of what stands
 * before it.
 * @returns why the text is none, otherwise
 */
export function parseRequestUri(text: string): ParsedUrl | string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\x00-\x1f\x7f]/.test(text)) return 'net/url: invalid control character in URL';
  if (text === '') return 'empty url';
  if (text === '*') return { scheme: '', host: '', path: '*', query: '' };
  if (text.startsWith(':')) return 'missing protocol scheme';
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? '';
  const rest = scheme === '' ? text : text.slice(scheme.length + 1);
  const [beforeQuery = '', ...queries] = rest.split('?');
  const query = queries.join('?');
  if (!beforeQuery.startsWith('/'))
    return scheme === ''
      ? 'invalid URI for request'
      : { scheme: scheme.toLowerCase(), host: '', path: '', query };
  if (scheme === '' || !beforeQuery.startsWith('//'))
    return withPath({ scheme, host: '', path: beforeQuery, query });
  const [, authority = '', path = ''] = /^\/\/([^/]*)(.*)$/s.exec(beforeQuery) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return hostError(host) ?? withPath({ scheme: scheme.toLowerCase(), host, path, query });
}

function withPath(url: ParsedUrl): ParsedUrl | string {
  const broken = /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(url.path)?.[0];
  if (broken !== undefined) return `invalid URL escape ${JSON.stringify(broken)}`;
  return { ...url, path: escapedPath(url.path) };
}

/** What a path may not have unescaped is escaped. */
function escapedPath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@!'()*%[\]]/gu, (character) => encodeURIComponent(character));
}

function hostError(host: string): string | undefined {
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    if (close < 0) return "missing ']' in host";
    return portError(host.slice(close + 1));
  }
  const space = /[ <>"]/.exec(host)?.[0];
  if (space !== undefined) return `invalid character ${JSON.stringify(space)} in host name`;
  const colon = host.indexOf(':');
  return colon < 0 ? undefined : portError(host.slice(colon));
}

function portError(port: string): string | undefined {
  return /^(:\d*)?$/.test(port) ? undefined : `invalid port ${JSON.stringify(port)} after host`;
}
