import { isNotFound } from '@kubewright/api';
import {
  CustomResourceDefinition,
  type CustomResourceDefinitionCondition,
} from '@kubewright/api/apiextensions/v1';
import { deleteObject } from '../registry/delete-object.js';
import type { Resource } from '../registry/resource.js';
import { updateObject } from '../registry/update-object.js';
import type { Outline } from './custom-kind.js';
import type { CustomResourceHost } from './custom-resources.js';
import { cleanupFinalizer, terminating, withCondition } from './definition-conditions.js';

/** Deletes under way at a time, so that other writes are not kept waiting. */
const group = 32;
const retryMs = 1_000;

/** Removes the objects of a definition that is deleted, then lets the definition go. Source: `CRDFinalizer`. */
export class InstanceRemoval {
  readonly #host: CustomResourceHost;
  readonly #again: (name: string) => void;
  readonly #timers = new Set<NodeJS.Timeout>();

  /** @param again asks for another {@link run} of that definition */
  constructor(host: CustomResourceHost, again: (name: string) => void) {
    this.#host = host;
    this.#again = again;
  }

  /** @param resource one of its versions; undefined where it was never established */
  async run(outline: Outline, resource: Resource | undefined): Promise<void> {
    const { name } = outline;
    if (!outline.finalizers.includes(cleanupFinalizer)) return;
    if (resource === undefined) return this.#release(name, terminating.neverEstablished);
    await this.#tell(name, terminating.inProgress);
    const failed = await this.#deleteAll(resource);
    if (failed !== undefined) {
      await this.#tell(name, terminating.failed(failed));
      this.#retry(name);
      return;
    }
    if (resource.cache.size === 0) return this.#release(name, terminating.completed);
    // Finalizers hold the rest.
    resource.cache.onChange(() => {
      if (resource.cache.size === 0) this.#again(name);
    });
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #retry(name: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#again(name);
    }, retryMs);
    this.#timers.add(timer);
  }

  /** @returns what the first failure says */
  async #deleteAll(resource: Resource): Promise<string | undefined> {
    const { entries } = await resource.cache.list();
    for (let i = 0; i < entries.length; i += group) {
      const results = await Promise.allSettled(
        entries.slice(i, i + group).map(async ({ key }) => {
          await deleteObject(this.#host.registry, resource, resource.nameOf(key), {}, this.#host.context());
        }),
      );
      for (const result of results) {
        if (result.status !== 'rejected' || isNotFound(result.reason)) continue;
        return result.reason instanceof Error ? result.reason.message : String(result.reason);
      }
    }
    return undefined;
  }

  async #release(name: string, condition: CustomResourceDefinitionCondition): Promise<void> {
    await this.#tell(name, condition);
    const { registry } = this.#host;
    const { resource } = registry.resources.of<CustomResourceDefinition>(CustomResourceDefinition);
    const change = (definition: CustomResourceDefinition): CustomResourceDefinition => {
      const { finalizers = [], ...metadata } = definition.metadata;
      return {
        ...definition,
        metadata: { ...metadata, finalizers: finalizers.filter((one) => one !== cleanupFinalizer) },
      };
    };
    const options = { namespace: '', name, subresource: '', change };
    await updateObject(registry, resource, options, this.#host.context());
  }

  async #tell(name: string, condition: CustomResourceDefinitionCondition): Promise<void> {
    const { objects, now } = this.#host.context();
    await objects.changeStatus(CustomResourceDefinition, '', name, (definition) => ({
      ...definition,
      status: withCondition(definition.status ?? {}, condition, now()),
    }));
  }
}
