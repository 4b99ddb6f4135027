import { ConfigMap, Secret } from '@kubewright/api/core/v1';
import type { Client, Informer } from '@kubewright/client';
import type { ConfigSource } from './environment.js';

interface Watched<T extends ConfigMap | Secret> {
  readonly informer: Informer<T>;
  readonly pods: Set<string>;
}

/**
 * Follows the ConfigMaps and Secrets that pods of this node refer to, each with a watch of its own: a node may read
 * only those. Calls back with the uids of the pods that a change concerns.
 */
export class ConfigObjects {
  readonly #client: Client;
  readonly #onChange: (podUid: string) => void;
  readonly #configMaps = new Map<string, Watched<ConfigMap>>();
  readonly #secrets = new Map<string, Watched<Secret>>();

  constructor(client: Client, onChange: (podUid: string) => void) {
    this.#client = client;
    this.#onChange = onChange;
  }

  /** Follows these objects for a pod, in place of what it needed before. Resolves when their state is known. */
  async need(
    podUid: string,
    namespace: string,
    names: { readonly configMaps: ReadonlySet<string>; readonly secrets: ReadonlySet<string> },
  ): Promise<void> {
    const wanted: Promise<void>[] = [];
    for (const name of names.configMaps)
      wanted.push(
        this.#follow(this.#configMaps, `${namespace}/${name}`, podUid, () =>
          this.#client.informer(ConfigMap, { namespace, fieldSelector: `metadata.name=${name}` }),
        ),
      );
    for (const name of names.secrets)
      wanted.push(
        this.#follow(this.#secrets, `${namespace}/${name}`, podUid, () =>
          this.#client.informer(Secret, { namespace, fieldSelector: `metadata.name=${name}` }),
        ),
      );
    await Promise.all(wanted);
  }

  /** What is known of a namespace's objects. */
  source(namespace: string): ConfigSource {
    return {
      configMap: (name) => this.#configMaps.get(`${namespace}/${name}`)?.informer.get(name, namespace),
      secret: (name) => this.#secrets.get(`${namespace}/${name}`)?.informer.get(name, namespace),
    };
  }

  /** The pod needs nothing any more. */
  release(podUid: string): void {
    for (const watched of [this.#configMaps, this.#secrets])
      for (const [key, { informer, pods }] of watched)
        if (pods.delete(podUid) && pods.size === 0) {
          informer.stop();
          watched.delete(key);
        }
  }

  close(): void {
    for (const watched of [this.#configMaps, this.#secrets]) {
      for (const { informer } of watched.values()) informer.stop();
      watched.clear();
    }
  }

  #follow<T extends ConfigMap | Secret>(
    watched: Map<string, Watched<T>>,
    key: string,
    podUid: string,
    open: () => Informer<T>,
  ): Promise<void> {
    let entry = watched.get(key);
    if (entry === undefined) {
      const pods = new Set<string>();
      const informer = open().start();
      const changed = () => {
        for (const uid of pods) this.#onChange(uid);
      };
      informer.on({ add: changed, update: changed, delete: changed });
      entry = { informer, pods };
      watched.set(key, entry);
    }
    entry.pods.add(podUid);
    return entry.informer.synced;
  }
}
