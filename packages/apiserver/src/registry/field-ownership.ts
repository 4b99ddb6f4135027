import { apiVersionOf, type KubernetesObject } from '@kubewright/api';
import { type TrackedWrite, updateManagedFields } from '../patch/field-ownership.js';
import type { FieldSet } from '../patch/field-set.js';
import type { JsonObject } from '../patch/json-object.js';
import type { ApplyWrite } from '../patch/server-side-apply.js';
import { type ServedKind, statusKeeps } from './resource.js';

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

  constructor(served: ServedKind, writer: Writer) {
    this.#served = served;
    this.#writer = writer;
  }

  /** Gives the writer what it changed; `old` is undefined on create. Both are of the stored version. */
  track(old: KubernetesObject | undefined, object: KubernetesObject, subresource: string): void {
    const tracked = updateManagedFields(
      old === undefined ? undefined : this.#request(old),
      this.#request(object),
      this.#write(subresource),
    );
    const { managedFields } = tracked.metadata as KubernetesObject['metadata'];
    if (managedFields === undefined) delete object.metadata.managedFields;
    else object.metadata.managedFields = managedFields;
  }

  /** What a server-side apply through this version is told. */
  applyWrite(subresource: string, force: boolean): ApplyWrite {
    const own = this.#served.kind.subresources[subresource];
    return {
      ...this.#write(subresource),
      force,
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
      // Upstream's conversion between a scale and its object loses when an entry was made.
      now: subresource === 'scale' ? undefined : this.#writer.now(),
      ...(resetFields === undefined ? {} : { resetFields }),
      atVersion: (object, apiVersion) => {
        if (resource.forms !== undefined) {
          const at = resource.forms.at(object as unknown as KubernetesObject, apiVersion);
          return at && { object: at.object as unknown as JsonObject, schema: at.kind.schema };
        }
        const other = resource.served.find((one) => one.kind.apiVersion === apiVersion);
        if (other === undefined) return undefined;
        const stored = this.#served.toStored(structuredClone(object) as unknown as KubernetesObject);
        return { object: other.fromStored(stored) as unknown as JsonObject, schema: other.kind.schema };
      },
    };
  }

  #request(object: KubernetesObject): JsonObject {
    return this.#served.fromStored(object) as unknown as JsonObject;
  }
}

/** What a write to the object or to its status cannot change, where the status is a subresource of its own. */
function resetFieldsOf({ kind, resource }: ServedKind, subresource: string): FieldSet | undefined {
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
