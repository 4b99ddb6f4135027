import type { User } from '../auth/user.js';

/**
 * Who asks, in the headers that an aggregated server takes a front proxy's word from. Source: the page on configuring
 * the aggregation layer.
 */
export function identityHeaders({ name, uid, groups, extra = {} }: User): [name: string, value: string][] {
  return [
    ['x-remote-user', encoded(name)],
    ...(uid === undefined || uid === '' ? [] : [['x-remote-uid', encoded(uid)] as [string, string]]),
    ...groups.map((group): [string, string] => ['x-remote-group', encoded(group)]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value): [string, string] => [`x-remote-extra-${escapedKey(key)}`, encoded(value)]),
    ),
  ];
}

/** Headers carry bytes: what is no ASCII goes as UTF-8. @throws Error for a value that would end the header */
function encoded(value: string): string {
  if (/[\r\n\0]/.test(value)) throw new Error(`${JSON.stringify(value)} does not fit into a header`);
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** What a header's name may not hold is percent-encoded. Source: client-go's `headerKeyEscape`. */
function escapedKey(key: string): string {
  return [...Buffer.from(key.toLowerCase(), 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[a-z0-9!#$&'*+.^_`|~-]/.test(char)
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
