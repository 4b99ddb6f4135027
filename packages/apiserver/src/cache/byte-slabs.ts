const smallestSlab = 16 << 10;
const largestSlab = 1 << 20;
/** What is longer has a slab of its own. */
const longest = largestSlab / 16;
/** A slab with less alive than this part is copied together: each byte is copied nine times at worst. */
const leastAlive = 0.9;

interface Slab {
  readonly buffer: Buffer;
  used: number;
  live: number;
  /** The slots that were ever placed here, in order. */
  readonly slots: number[];
}

/**
 * Keeps the bytes of many objects in few large buffers, so that the garbage collector has next to nothing to visit.
 * Bytes are only ever appended: a view that was handed out stays what it was, whatever happens to its slot. A slab with
 * much that is dead is copied together and let go; a view keeps its slab in memory, so nobody should hold one for long.
 */
export class ByteSlabs {
  readonly #slabs: (Slab | undefined)[] = [];
  readonly #freeSlabs: number[] = [];
  #current = -1;
  #nextSize = smallestSlab;
  #live = 0;
  // The address of each slot's bytes, in columns.
  readonly #slab: number[] = [];
  readonly #offset: number[] = [];
  readonly #length: number[] = [];

  /** Copies the bytes, unless they are long and nothing else is in their memory; gives the view of what is kept. */
  set(slot: number, bytes: Uint8Array): Buffer {
    this.delete(slot);
    this.#live += bytes.length;
    return this.#place(slot, bytes);
  }

  get(slot: number): Buffer {
    const slab = this.#slabs[this.#slab[slot] ?? -1];
    if (slab === undefined) throw new RangeError(`slot ${slot} holds no bytes`);
    const offset = this.#offset[slot] ?? 0;
    return slab.buffer.subarray(offset, offset + (this.#length[slot] ?? 0));
  }

  delete(slot: number): void {
    const id = this.#slab[slot] ?? -1;
    const slab = this.#slabs[id];
    if (slab === undefined) return;
    const length = this.#length[slot] ?? 0;
    slab.live -= length;
    this.#live -= length;
    this.#slab[slot] = -1;
    this.#compactIfDead(id);
  }

  /** Bytes of the values that are kept. */
  get live(): number {
    return this.#live;
  }

  /** Bytes that are reserved, dead ones and free ones too. */
  get reserved(): number {
    return this.#slabs.reduce((sum, slab) => sum + (slab?.buffer.length ?? 0), 0);
  }

  #place(slot: number, bytes: Uint8Array): Buffer {
    const id = bytes.length > longest ? this.#own(bytes) : this.#slabFor(bytes.length);
    const slab = this.#slabs[id];
    if (slab === undefined) throw new RangeError(`no slab ${id}`);
    const offset = slab.used;
    if (slab.buffer.buffer !== bytes.buffer) slab.buffer.set(bytes, offset);
    slab.used += bytes.length;
    slab.live += bytes.length;
    slab.slots.push(slot);
    this.#slab[slot] = id;
    this.#offset[slot] = offset;
    this.#length[slot] = bytes.length;
    return slab.buffer.subarray(offset, slab.used);
  }

  #slabFor(length: number): number {
    const current = this.#slabs[this.#current];
    if (current !== undefined && current.used + length <= current.buffer.length) return this.#current;
    const full = this.#current;
    this.#current = this.#add(Math.max(this.#nextSize, length * 4));
    this.#nextSize = Math.min(this.#nextSize * 2, largestSlab);
    this.#compactIfDead(full);
    return this.#slabFor(length);
  }

  /** The store or the recent changes mostly have these bytes, too. */
  #own(bytes: Uint8Array): number {
    const { buffer, byteOffset, length } = bytes;
    return length === buffer.byteLength
      ? this.#add(length, Buffer.from(buffer, byteOffset, length))
      : this.#add(length);
  }

  #add(size: number, buffer: Buffer = Buffer.allocUnsafeSlow(size)): number {
    const slab: Slab = { buffer, used: 0, live: 0, slots: [] };
    const id = this.#freeSlabs.pop() ?? this.#slabs.length;
    this.#slabs[id] = slab;
    return id;
  }

  #compactIfDead(id: number): void {
    const slab = this.#slabs[id];
    if (slab === undefined || id === this.#current || slab.live > slab.used * leastAlive) return;
    this.#slabs[id] = undefined;
    for (const slot of slab.slots) {
      if (this.#slab[slot] !== id) continue;
      const offset = this.#offset[slot] ?? 0;
      this.#place(slot, slab.buffer.subarray(offset, offset + (this.#length[slot] ?? 0)));
    }
    this.#freeSlabs.push(id);
  }
}
