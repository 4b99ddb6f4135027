import { apiVersionOf, encodeJson, type KubernetesObject } from '@kubewright/api';
import { managedFieldsAfter, type TrackedWrite } from '../patch/field-ownership.js';
import type { FieldSet } from '../patch/field-set.js';
import type { JsonObject } from '../patch/json-object.js';
import type { ApplyWrite } from '../patch/server-side-apply.js';
import { type AtVersion, type ServedKind, type StoredForms, statusKeeps } from './resource.js';

/** Who owns the fields that a write changes. */
export interface Writer {
  /** The `fieldManager` parameter, or the first part of the user agent. */
  readonly manager: string;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Keeps `metadata.managedFields` of objects that are written through one served version. */
export class FieldOwnership {
  readonly #served: ServedKind;
  readonly #writer: Writer;
  /** What a webhook made in the course of this write, by what it was made of. */
  readonly #conversions = new Map<string, AtVersion>();

  constructor(served: ServedKind, writer: Writer) {
    this.#served = served;
    this.#writer = writer;
  }

  /**
   * Gives the writer what it changed; `old` is undefined on create. Both are of the stored version. A promise where a
   * webhook has to convert them for owners of other versions.
   */
  track(
    old: KubernetesObject | undefined,
    object: KubernetesObject,
    subresource: string,
  ): undefined | Promise<undefined> {
    return this.converting(() => {
      const managedFields = managedFieldsAfter(
        old === undefined ? undefined : this.#request(old),
        this.#request(object),
        this.#write(subresource),
      );
      if (managedFields === undefined) delete object.metadata.managedFields;
      else object.metadata.managedFields = managedFields;
      return undefined;
    });
  }

  /**
   * Runs what compares an object's versions. Where a webhook makes these, it is run again with each that it turned out
   * to need: so what compares need not wait, and few writes ever have such owners.
   */
  converting<R>(run: () => R): R | Promise<R> {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof ConversionNeeded)) throw error;
      return this.#convert(error).then(() => this.converting(run));
    }
  }

  async #convert({ key, conversion }: ConversionNeeded): Promise<void> {
    this.#conversions.set(key, await conversion);
  }

  /** What a server-side apply through this version is told. */
  applyWrite(subresource: string, force: boolean): ApplyWrite {
    const own = this.#served.kind.subresources[subresource];
    return {
      ...this.#write(subresource),
      force,
      untyped: this.#served.body.namesItself === true,
      ...(own === undefined || own.group === this.#served.kind.group
        ? {}
        : { shownVersion: apiVersionOf(own.group, own.version) }),
    };
  }

  #write(subresource: string): TrackedWrite {
    const { kind, resource } = this.#served;
    const resetFields = resetFieldsOf(this.#served, subresource);
    return {
      manager: this.#writer.manager,
      subresource,
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      schema: kind.schema,
      unset: this.#served.unset,
      // Upstream's conversion between a scale and its object loses when an entry was made.
      now: subresource === 'scale' ? undefined : this.#writer.now(),
      ...(resetFields === undefined ? {} : { resetFields }),
      atVersion: (object, apiVersion) => {
        if (resource.forms !== undefined) {
          const at = this.#at(resource.forms, object as unknown as KubernetesObject, apiVersion);
          return at && { object: at.object as unknown as JsonObject, schema: at.kind.schema };
        }
        const served = (version: unknown) => resource.served.find((one) => one.kind.apiVersion === version);
        const other = served(apiVersion);
        if (other === undefined) return undefined;
        const from = served(object.apiVersion) ?? this.#served;
        const stored = from.toStored(structuredClone(object) as unknown as KubernetesObject);
        return { object: other.fromStored(stored) as unknown as JsonObject, schema: other.kind.schema };
      },
    };
  }

  /** @throws ConversionNeeded where a webhook has to be asked first */
  #at(forms: StoredForms, object: KubernetesObject, apiVersion: string): AtVersion {
    let key = '';
    if (forms.prepare !== undefined) {
      key = `${apiVersion} ${encodeJson(object)}`;
      if (this.#conversions.has(key)) return this.#conversions.get(key);
    }
    const at = forms.at(object, apiVersion);
    if (at instanceof Promise) throw new ConversionNeeded(key, at);
    return at;
  }

  #request(object: KubernetesObject): JsonObject {
    return this.#served.fromStored(object) as unknown as JsonObject;
  }
}

/** Thrown to begin again when the conversion is there. */
class ConversionNeeded extends Error {
  readonly key: string;
  readonly conversion: Promise<AtVersion>;

  constructor(key: string, conversion: Promise<AtVersion>) {
    super('a conversion is needed');
    this.key = key;
    this.conversion = conversion;
  }
}

/** What a write to the object or to its status cannot change, where the status is a subresource of its own. */
function resetFieldsOf({ kind, resource }: ServedKind, subresource: string): FieldSet | undefined {
  const declared = resource.rules.resetFields?.[subresource];
  if (declared !== undefined) return declared;
  if (kind.subresources.status === undefined) return undefined;
  if (subresource === '') return { 'f:status': {} };
  if (subresource !== 'status') return undefined;
  const others = Object.keys(kind.schema.root.properties ?? {}).filter(
    (name) => !['apiVersion', 'kind', 'metadata', 'status'].includes(name),
  );
  const kept = statusKeeps(resource.rules);
  const metadata = kept === 'all' ? {} : Object.fromEntries(kept.map((name) => [`f:${name}`, {}]));
  return {
    ...Object.fromEntries(others.map((name) => [`f:${name}`, {}])),
    // An empty set would be the whole metadata.
    ...(kept.length === 0 ? {} : { 'f:metadata': metadata }),
  };
}
