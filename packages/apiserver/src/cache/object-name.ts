/** Where an object stands below its resource's prefix. */
export interface ObjectName {
  /** `''` for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
}

/** Reads `default/web` (or `node-1`) behind the prefix of a key. */
export function objectNameOf(prefix: string, key: string): ObjectName {
  const slash = key.indexOf('/', prefix.length);
  return slash < 0
    ? { namespace: '', name: key.slice(prefix.length) }
    : { namespace: key.slice(prefix.length, slash), name: key.slice(slash + 1) };
}
