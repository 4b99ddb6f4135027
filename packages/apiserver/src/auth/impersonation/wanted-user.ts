import { badRequest } from '@kubewright/api';
import { unescapedKey, valuesByName } from '../../http/header-values.js';
import type { User } from '../user.js';

const extraPrefix = 'impersonate-extra-';

/** Whether a request asks to be somebody else; looked at for every request. @param headers names in lower case */
export function asksToImpersonate(headers: object): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

/**
 * Who the request wants to be; undefined where it wants to be nobody else. Source: "User impersonation".
 * @throws ApiError BadRequest when groups, UID or extra come without a user
 */
export function wantedUser(rawHeaders: readonly string[]): User | undefined {
  const headers = valuesByName(rawHeaders);
  const name = headers.get('impersonate-user')?.[0] ?? '';
  const uid = headers.get('impersonate-uid')?.[0] ?? '';
  const groups = headers.get('impersonate-group') ?? [];
  const extra: Record<string, readonly string[]> = {};
  for (const [header, values] of headers) {
    if (!header.startsWith(extraPrefix)) continue;
    const key = unescapedKey(header.slice(extraPrefix.length));
    extra[key] = [...(extra[key] ?? []), ...values];
  }
  const hasExtra = Object.keys(extra).length > 0;
  if (name !== '') return { name, groups, ...(uid === '' ? {} : { uid }), ...(hasExtra ? { extra } : {}) };
  if (uid !== '' || groups.length > 0 || hasExtra)
    throw badRequest(`requested ${goSyntax({ uid, groups, extra })} without impersonating a user name`);
  return undefined;
}

/** As upstream shows the user that it can't make anything of. */
function goSyntax(user: {
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}): string {
  const list = (values: readonly string[]) => `{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
  const groups = user.groups.length === 0 ? '(nil)' : list(user.groups);
  const entries = Object.entries(user.extra).map(
    ([key, values]) => `${JSON.stringify(key)}:[]string${list(values)}`,
  );
  const extra = entries.length === 0 ? '(nil)' : `{${entries.join(', ')}}`;
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(user.uid)}, Groups:[]string${groups}, Extra:map[string][]string${extra}}`;
}
