/** So many joins are remembered, each of what one write takes at most. */
const remembered = 16;

/**
 * Joins the frames of events into what one write takes. Watchers of one resource mostly get the same events in the same
 * round, so what was joined for one is given to the others: to copy and to collect it for each would cost more than to
 * encrypt it.
 */
export class JoinedFrames {
  readonly #joins: { readonly frames: readonly Uint8Array[]; readonly joined: Uint8Array }[] = [];
  #next = 0;

  /** @param frames that are the same values for all who get them */
  join(frames: readonly Uint8Array[]): Uint8Array {
    const [first] = frames;
    if (frames.length === 1 && first !== undefined) return first;
    for (const join of this.#joins) if (areSame(join.frames, frames)) return join.joined;
    const joined = Buffer.concat(frames);
    this.#joins[this.#next] = { frames, joined };
    this.#next = (this.#next + 1) % remembered;
    return joined;
  }
}

function areSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
