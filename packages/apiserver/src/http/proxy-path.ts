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
