import type { Kind, KubernetesObject } from '@kubewright/api';
import type { Head, StoredReader } from '../cache/head.js';
import { headOf } from '../cache/head.js';
import { parseStored, storedBytes, takeFresh } from '../encoding/object-bytes.js';
import type { StoredForms } from '../registry/resource.js';
import { applyDefaults } from '../schema/defaults.js';
import { prune } from '../schema/prune.js';
import { structural } from '../schema/structural.js';
import { StructuralSchema } from '../schema/structural-schema.js';

/** Brings objects to another version. Without one only `apiVersion` changes, which is the conversion `None`. */
export interface VersionConverter {
  /** In the order of the objects. @throws ApiError with code 500, without a reason */
  convert(objects: readonly KubernetesObject[], apiVersion: string): Promise<KubernetesObject[]>;
}

/**
 * What is stored of an object that is read in another form: to other versions it may be more than that form is, as they
 * may have fields that its own version lost.
 */
const originals = new WeakMap<Buffer, Buffer>();

/** The versions of one custom resource, served or not, and what is stored of it. */
export class StoredVersions {
  readonly #storage: Kind;
  readonly #byApiVersion: ReadonlyMap<string, Kind>;
  readonly #converter: VersionConverter | undefined;
  readonly #isUniform: boolean;

  /**
   * @param storage the version that is stored from now on
   * @param storedVersions the names of all that may be stored
   */
  constructor(
    storage: Kind,
    versions: readonly Kind[],
    storedVersions: readonly string[],
    converter?: VersionConverter,
  ) {
    this.#storage = storage;
    this.#isUniform = storedVersions.every((version) => version === storage.version);
    this.#byApiVersion = new Map(versions.map((kind) => [kind.apiVersion, kind]));
    this.#converter = converter;
  }

  /** How the cache looks at the objects: one of an older schema is read as today's schema of its version has it. */
  reader(): StoredReader {
    const fields = [...new Set([...this.#byApiVersion.values()].flatMap((kind) => kind.selectableFields))];
    return {
      head: (bytes) => {
        const object = takeFresh(bytes) ?? (JSON.parse(bytes.toString()) as KubernetesObject);
        const head: Head = headOf(object, fields);
        return this.#shaped(object) === object ? head : { ...head, stale: true };
      },
      current: (bytes) => {
        const object = parseStored(bytes, 0);
        const shaped = this.#shaped(object);
        if (shaped === object) return bytes;
        const current = storedBytes(shaped);
        originals.set(current, bytes);
        return current;
      },
    };
  }

  /** How one version stands to what is stored. */
  forms(kind: Kind): StoredForms {
    const storedAs = this.#storage;
    const prefix = Buffer.from(`{"apiVersion":${JSON.stringify(kind.apiVersion)},`);
    const isOwn = (bytes: Buffer) => bytes.subarray(0, prefix.length).equals(prefix);
    const { current = (bytes) => bytes } = this.reader();
    const converter = this.#converter;
    if (converter === undefined) {
      return {
        storedAs,
        current,
        selectsConverted: false,
        at: (object, apiVersion) => {
          const version = this.#byApiVersion.get(apiVersion);
          return version && { object: this.#pruned({ ...object, apiVersion }), kind: version };
        },
        read: (bytes) => {
          if (isOwn(bytes)) return bytes;
          return storedBytes(this.#pruned({ ...this.#source(bytes), apiVersion: kind.apiVersion }));
        },
        write: (object, bytes) =>
          kind.apiVersion === storedAs.apiVersion
            ? bytes
            : storedBytes(this.#pruned({ ...object, apiVersion: storedAs.apiVersion })),
      };
    }
    const prepared = new WeakMap<Buffer, Buffer>();
    return {
      storedAs,
      current,
      selectsConverted: kind !== this.#storage || !this.#isUniform,
      at: (object, apiVersion) => {
        const version = this.#byApiVersion.get(apiVersion);
        if (version === undefined) return undefined;
        // What an object is compared with when it is created is none, and says nothing.
        const { apiVersion: given = apiVersion } = object;
        if (given === apiVersion) return { object, kind: version };
        return converter
          .convert([object], apiVersion)
          .then(([converted]) => converted && { object: this.#pruned(converted), kind: version });
      },
      read: (bytes) => {
        const own = isOwn(bytes) ? bytes : prepared.get(bytes);
        if (own === undefined) throw new Error(`an object of ${kind.kind} was read before it was converted`);
        return own;
      },
      prepare: async (list) => {
        const others = [...new Set(list.filter((bytes) => !isOwn(bytes) && !prepared.has(bytes)))];
        if (others.length === 0) return;
        const objects = await converter.convert(
          others.map((bytes) => this.#source(bytes)),
          kind.apiVersion,
        );
        for (const [index, object] of objects.entries()) {
          const bytes = others[index];
          if (bytes !== undefined) prepared.set(bytes, storedBytes(this.#pruned(object)));
        }
      },
      write: async (object, bytes) => {
        if (kind.apiVersion === storedAs.apiVersion) return bytes;
        const [stored] = await converter.convert([object], storedAs.apiVersion);
        return storedBytes(this.#pruned(stored ?? object));
      },
    };
  }

  /** The object as the schema of its version has it; itself where it is so. */
  #shaped(object: KubernetesObject): KubernetesObject {
    const schema = this.#schemaOf(object);
    return schema === undefined ? object : (structural(object, schema) as KubernetesObject);
  }

  /** What other versions are made of: its own version fills in defaults, but takes nothing out. */
  #source(bytes: Buffer): KubernetesObject {
    const object = parseStored(originals.get(bytes) ?? bytes, 0);
    const schema = this.#schemaOf(object);
    return schema === undefined ? object : (applyDefaults(object, schema) as KubernetesObject);
  }

  /** Of an object that was converted; it gets no defaults. */
  #pruned(object: KubernetesObject): KubernetesObject {
    const schema = this.#schemaOf(object);
    return schema === undefined
      ? object
      : (prune(object, schema, undefined, { isRoot: true }) as KubernetesObject);
  }

  #schemaOf({ apiVersion = '' }: KubernetesObject): StructuralSchema | undefined {
    const kind = this.#byApiVersion.get(apiVersion);
    return kind === undefined ? undefined : StructuralSchema.of(kind.schema.root);
  }
}
