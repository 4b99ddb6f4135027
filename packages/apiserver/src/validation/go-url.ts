/** The parts of a URL reference as Go's `net/url` reads it, which takes far more for one than the WHATWG's URL does. */
export interface GoUrl {
  readonly scheme: string;
  /** As it is written, without user information. */
  readonly host: string;
  /** What stands before the `@`; undefined without one. */
  readonly user: string | undefined;
  readonly query: string;
  readonly fragment: string;
}

/** @returns what Go's parser says of a text that is none: `parse "x": …` */
export function parseGoUrl(text: string): GoUrl | string {
  const wrong = (problem: string) => `parse ${JSON.stringify(text)}: ${problem}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return wrong('net/url: invalid control character in URL');
  if (text.startsWith(':')) return wrong('missing protocol scheme');
  const [, scheme = '', authority, pathname = '', query = '', fragment = ''] =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(text) ?? [];
  if (scheme === '' && authority === undefined && /^[^/]*:/.test(pathname))
    return wrong('first path segment in URL cannot contain colon');
  const badEscape = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(`${authority ?? ''}${pathname}${fragment}`);
  if (badEscape !== null) return wrong(`invalid URL escape ${JSON.stringify(badEscape[0])}`);
  const at = (authority ?? '').lastIndexOf('@');
  const host = (authority ?? '').slice(at + 1);
  const odd = /[ "<>\\^`{|}]/.exec(host);
  if (odd !== null) return wrong(`invalid character ${JSON.stringify(odd[0])} in host name`);
  const port = /:[^:\]]*$/.exec(host)?.[0] ?? '';
  if (port !== '' && !/^:\d*$/.test(port)) return wrong(`invalid port ${JSON.stringify(port)} after host`);
  return {
    scheme: scheme.toLowerCase(),
    host,
    user: at < 0 ? undefined : (authority ?? '').slice(0, at),
    query,
    fragment,
  };
}
