import type { RequestInfo } from './request-info.js';

/**
 * The path behind `/proxy` as another server gets it: encoded as it was sent, without doubled slashes and steps up;
 * empty where the request ends at `/proxy` itself.
 */
export function proxyPath({ path, rest }: Pick<RequestInfo, 'path' | 'rest'>): string {
  const ending = path.endsWith('/') ? '/' : '';
  if (rest.length === 0) return ending;
  const kept: string[] = [];
  for (const segment of path.replace(/\/+$/, '').split('/').slice(-rest.length)) {
    const decoded = decodeURIComponent(segment);
    if (decoded === '..') kept.pop();
    else if (decoded !== '' && decoded !== '.') kept.push(segment);
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${ending}`;
}

/**
 * Where a redirect of the other server leads through this one: what it says of its own host is put behind the path of
 * the proxy. Source: `Transport.rewriteURL` of apimachinery.
 * @param own path of this server up to and with `/proxy`
 * @param hosts by which the other server was asked, without the scheme's own port
 */
export function proxiedRedirect(
  location: string,
  own: string,
  hosts: readonly (string | undefined)[],
): string {
  if (!URL.canParse(location, 'http://relative.invalid')) return location;
  const url = new URL(location, 'http://relative.invalid');
  const isRelative = !/^(?:[a-z][a-z0-9+.-]*:)?\/\/|^\//i.test(location);
  const isElsewhere = url.host !== 'relative.invalid' && !hosts.includes(url.host);
  if (isRelative || isElsewhere) return location;
  const path = url.pathname.startsWith(own) ? url.pathname : `${own}${url.pathname}`;
  return `${path}${url.search}${url.hash}`;
}
