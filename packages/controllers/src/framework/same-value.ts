/**
 * Whether two values of the API say the same. A member that is undefined or null counts as absent, as a server
 * drops both; empty lists and objects count as themselves, since `emptyDir: {}` is more than its absence.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? undefined) === (b ?? undefined)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(left)) if (!sameValue(left[name], right[name])) return false;
  for (const name of Object.keys(right))
    if (!(name in left) && (right[name] ?? undefined) !== undefined) return false;
  return true;
}
