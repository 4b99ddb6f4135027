/** What all keys of the server begin with. */
const root = '/registry';

/** Between the keys of the store and those of etcd, which may have another beginning. */
export class EtcdKeys {
  readonly #prefix: string;

  /** @param prefix stands in the place of `/registry`, so that several clusters may share one etcd. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  toEtcd(key: string): Buffer {
    return Buffer.from(this.#translated(key));
  }

  /** The store's key; undefined for what is not the server's. */
  fromEtcd(key: Buffer): string | undefined {
    const text = key.toString();
    if (this.#prefix === root) return text.startsWith('/') ? text : undefined;
    return text.startsWith(`${this.#prefix}/`) ? root + text.slice(this.#prefix.length) : undefined;
  }

  /** The range of all keys with a prefix. */
  range(prefix: string): { readonly key: Buffer; readonly rangeEnd: Buffer } {
    const key =
      this.#prefix !== root && prefix === '' ? Buffer.from(`${this.#prefix}/`) : this.toEtcd(prefix);
    if (key.length === 0) return everything;
    const rangeEnd = Buffer.from(key);
    // No byte of UTF-8 is 255, so the last one can be raised.
    rangeEnd[rangeEnd.length - 1] = (rangeEnd.at(-1) ?? 0) + 1;
    return { key, rangeEnd };
  }

  /** The first key behind another. */
  after(key: string): Buffer {
    return Buffer.concat([this.toEtcd(key), Buffer.of(0)]);
  }

  #translated(key: string): string {
    if (this.#prefix === root) return key;
    if (key.startsWith(`${root}/`)) return this.#prefix + key.slice(root.length);
    throw new RangeError(`${key} is outside of ${root}`);
  }
}

/** All keys there are, as etcd has it. */
export const everything = { key: Buffer.of(0), rangeEnd: Buffer.of(0) };
