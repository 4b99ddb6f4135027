/**
 * The fewest of these that still fail, found by leaving out ever smaller parts: none of what remains can be left out
 * alone. @param fails whether a run with only these still fails
 */
export async function shrink<T>(
  all: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let kept = all;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < kept.length; ) {
      const rest = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (await fails(rest)) {
        kept = rest;
        if (size === 1) start = 0;
      } else start += size;
    }
  }
  return kept;
}
