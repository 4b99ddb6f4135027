import { fieldText, type KubernetesObject, type Labels } from '@kubewright/api';
import { takeFresh } from '../encoding/object-bytes.js';
import { pickMembers, wantedOf } from './pick-members.js';

/** What selectors look at; all else of an object stays bytes. */
export interface Head {
  readonly labels: Labels;
  /** The values of the kind's selectable fields by their names (`spec.nodeName`), but for metadata's own. */
  readonly fields: Readonly<Record<string, string>>;
  /** True where readers get something else than the stored bytes: what {@link StoredReader.current} makes of them. */
  readonly stale?: boolean;
}

/** How a cache looks at the stored objects of its resource. */
export interface StoredReader {
  /** The head of an object. It runs once an object and change, when that arrives. */
  head(bytes: Buffer): Head;
  /** What readers get in place of stale bytes: an object of an older schema as today's has it. */
  current?(bytes: Buffer): Buffer;
}

const none: Labels = Object.freeze({});

/**
 * The head reader of a kind.
 * @param paths selectable fields that are plain paths (`status.phase`)
 * @param computed selectable fields that are made from the object in another way
 * @param reads the paths that those look at, where they are known: then the rest of an object is not parsed
 */
export function headReader<T>(
  paths: readonly string[],
  computed: Readonly<Record<string, (object: T) => string>> = {},
  reads?: readonly string[],
): StoredReader {
  const plain = paths.filter((path) => !(path in computed));
  const made = Object.entries(computed);
  const known = made.length === 0 || reads !== undefined;
  const looked = [...plain, ...(reads ?? [])].map((path) => path.split('.'));
  const wanted = known ? wantedOf([['metadata', 'labels'], ...looked]) : undefined;
  return {
    head(bytes) {
      const object = (takeFresh(bytes) ??
        (wanted && pickMembers(bytes, wanted)) ??
        JSON.parse(bytes.toString())) as KubernetesObject;
      const head = headOf(object, plain);
      for (const [name, make] of made) head.fields[name] = make(object as T);
      return head;
    },
  };
}

/** The head of an object that is parsed already. */
export function headOf(
  object: KubernetesObject,
  paths: readonly string[],
): { readonly labels: Labels; readonly fields: Record<string, string> } {
  const fields: Record<string, string> = {};
  for (const path of paths) fields[path] = fieldText(object, path);
  return { labels: object.metadata?.labels ?? none, fields };
}
