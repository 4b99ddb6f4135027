import type { KubernetesObject, SubresourceDefinition } from '@kubewright/api';
import { apiVersionOf } from '@kubewright/api/protocol';
import type {
  ApplyInput,
  ApplyOptions,
  DeepPartial,
  GetOptions,
  JsonPatchOperation,
  MergePatch,
  WriteOptions,
} from './options.js';
import { mediaTypes } from './request/media-types.js';
import { applyQuery, getQuery, writeQuery } from './request/query.js';
import type { Requester } from './request/requester.js';

/** The replica count of a scalable object, in the one form that all kinds share (`autoscaling/v1`). */
export interface Scale extends KubernetesObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

/** Reads and writes one subresource of the objects of a kind: `status`, `scale`, `binding`, … */
export class SubresourceClient<S extends KubernetesObject> {
  readonly name: string;
  readonly #requester: Requester;
  readonly #definition: SubresourceDefinition | undefined;
  readonly #objectPath: (name: string, namespace: string | undefined) => string;

  constructor(
    requester: Requester,
    name: string,
    definition: SubresourceDefinition | undefined,
    objectPath: (name: string, namespace: string | undefined) => string,
  ) {
    this.name = name;
    this.#requester = requester;
    this.#definition = definition;
    this.#objectPath = objectPath;
  }

  async get(name: string, options: GetOptions = {}): Promise<S> {
    return this.#requester.json<S>({
      method: 'GET',
      path: this.#path(name, undefined),
      query: getQuery(options),
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    });
  }

  /** What the server answers may be a Status, as it is for a binding. */
  async create(name: string, object: S, options: WriteOptions = {}): Promise<S> {
    return this.#write('POST', name, mediaTypes.json, this.#typed(object), options, {
      namespace: object.metadata.namespace,
    });
  }

  /** With `metadata.resourceVersion` only if that is still the object's state. */
  async replace(object: S, options: WriteOptions = {}): Promise<S> {
    if (!object.metadata.name) throw new TypeError('the object has no metadata.name');
    return this.#write('PUT', object.metadata.name, mediaTypes.json, this.#typed(object), options, {
      namespace: object.metadata.namespace,
      conditional: object.metadata.resourceVersion !== undefined,
    });
  }

  async patchJson(
    name: string,
    patch: readonly JsonPatchOperation[],
    options: WriteOptions = {},
  ): Promise<S> {
    return this.#write('PATCH', name, mediaTypes.jsonPatch, patch, options);
  }

  async patchMerge(name: string, patch: MergePatch<S>, options: WriteOptions = {}): Promise<S> {
    return this.#write('PATCH', name, mediaTypes.mergePatch, patch, options);
  }

  async patchStrategic(
    name: string,
    patch: DeepPartial<S> | Readonly<Record<string, unknown>>,
    options: WriteOptions = {},
  ): Promise<S> {
    return this.#write('PATCH', name, mediaTypes.strategicMergePatch, patch, options);
  }

  /** Server-side apply of the subresource's fields. */
  async apply(object: ApplyInput<S>, options: ApplyOptions = {}): Promise<S> {
    const metadata: { readonly name: string; readonly namespace?: unknown } = object.metadata;
    return this.#requester.json<S>({
      method: 'PATCH',
      path: this.#path(
        metadata.name,
        typeof metadata.namespace === 'string' ? metadata.namespace : undefined,
      ),
      query: applyQuery(options, this.#requester.fieldManager),
      contentType: mediaTypes.apply,
      body: this.#typed(object),
      conditional: true,
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    });
  }

  #write(
    method: string,
    name: string,
    contentType: string,
    body: unknown,
    options: WriteOptions,
    target: { readonly namespace?: string | undefined; readonly conditional?: boolean } = {},
  ): Promise<S> {
    return this.#requester.json<S>({
      method,
      path: this.#path(name, target.namespace),
      query: writeQuery(options, this.#requester.fieldManager),
      contentType,
      body,
      conditional: target.conditional ?? false,
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    });
  }

  #path(name: string, namespace: string | undefined): string {
    return `${this.#objectPath(name, namespace)}/${this.name}`;
  }

  #typed(object: object): object {
    if (this.#definition === undefined) return object;
    const { group, version, kind } = this.#definition;
    return { ...object, apiVersion: apiVersionOf(group, version), kind };
  }
}
