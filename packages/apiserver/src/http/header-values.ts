export type HeaderValues = ReadonlyMap<string, readonly string[]>;

/**
 * All values of each header by its name in lower case. Joined values would not do: a comma inside a group's name would
 * make two groups of it.
 */
export function valuesByName(rawHeaders: readonly string[]): HeaderValues {
  const values = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const known = values.get(name);
    if (known === undefined) values.set(name, [rawHeaders[at + 1] ?? '']);
    else known.push(rawHeaders[at + 1] ?? '');
  }
  return values;
}

/** Keys may hold what a header's name may not. Source: apiserver's `unescapeExtraKey`. */
export function unescapedKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch (error) {
    if (error instanceof URIError) return key;
    throw error;
  }
}
