/**
 * A switch of the query as upstream reads it: false where it is absent, `0` or `false` in any case (Python writes
 * `False`); everything else is true, nothing (`?watch`) included.
 */
export function querySwitch(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}
