import type { Logger } from 'pino';
import { EncryptionMetrics } from '../metrics/encryption-metrics.js';
import type { EncryptionConfiguration, EncryptionProvider } from './encryption-configuration.js';
import type { KmsTransformer } from './kms-transformer.js';
import {
  aesCbcTransformer,
  aesGcmTransformer,
  identityTransformer,
  secretboxTransformer,
} from './local-transformers.js';
import type { Transformer } from './transformer.js';
import { TransformerChain } from './transformer-chain.js';

/** A resource as the configuration names it. */
export interface EncryptedResource {
  readonly group: string;
  readonly resource: string;
}

interface Rule {
  readonly resources: readonly string[];
  readonly transformers: readonly Transformer[];
}

/** Which objects are stored encrypted, and how. What it says can change while the server runs. */
export class Encryption {
  readonly metrics = new EncryptionMetrics();
  readonly #logger: Logger;
  readonly #resources = new Map<string, EncryptedResource>();
  readonly #chains = new Map<string, TransformerChain>();
  #rules: readonly Rule[] = [];
  #plugins: readonly KmsTransformer[] = [];

  private constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws Error where a KMS plugin does not answer */
  static async open(configuration: EncryptionConfiguration, logger: Logger): Promise<Encryption> {
    const encryption = new Encryption(logger);
    await encryption.replace(configuration);
    return encryption;
  }

  /** Goes by another configuration from now on. @throws Error where a KMS plugin does not answer: nothing changes then */
  async replace(configuration: EncryptionConfiguration): Promise<void> {
    const before = this.#plugins;
    const plugins: KmsTransformer[] = [];
    try {
      const rules: Rule[] = [];
      for (const { resources, providers } of configuration.resources) {
        const transformers: Transformer[] = [];
        for (const provider of providers)
          transformers.push(...(await this.#transformersOf(provider, plugins)));
        rules.push({ resources, transformers });
      }
      this.#rules = rules;
      this.#plugins = plugins;
    } catch (error) {
      for (const plugin of plugins) plugin.close();
      throw error;
    }
    this.#chains.clear();
    for (const [prefix, resource] of this.#resources) this.#choose(prefix, resource);
    for (const plugin of before) plugin.close();
  }

  /** Tells whose objects lie below a prefix of the store (`/registry/secrets/`). */
  name(prefix: string, resource: EncryptedResource): void {
    this.#resources.set(prefix, resource);
    this.#choose(prefix, resource);
  }

  /** The providers of the object at a key; undefined for one that is stored as it is. */
  chainOf(key: string): TransformerChain | undefined {
    if (this.#chains.size === 0) return undefined;
    for (let slash = key.indexOf('/', 1); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const chain = this.#chains.get(key.slice(0, slash + 1));
      if (chain !== undefined) return chain;
    }
    return undefined;
  }

  /** Whether other processes hold keys. */
  get hasPlugins(): boolean {
    return this.#plugins.length > 0;
  }

  /** @throws Error where one of them is not well */
  async check(): Promise<void> {
    for (const plugin of this.#plugins) await plugin.check();
  }

  close(): void {
    for (const plugin of this.#plugins) plugin.close();
  }

  #choose(prefix: string, resource: EncryptedResource): void {
    const rule = this.#rules.find(({ resources }) => resources.some((named) => isNamed(named, resource)));
    if (rule === undefined) return;
    const { group, resource: plural } = resource;
    const counted = { resource: group === '' ? plural : `${plural}.${group}`, metrics: this.metrics };
    this.#chains.set(prefix, new TransformerChain(rule.transformers, counted));
  }

  async #transformersOf(provider: EncryptionProvider, plugins: KmsTransformer[]): Promise<Transformer[]> {
    switch (provider.type) {
      case 'identity':
        return [identityTransformer];
      case 'aesgcm':
        return provider.keys.map(aesGcmTransformer);
      case 'aescbc':
        return provider.keys.map(aesCbcTransformer);
      case 'secretbox':
        return provider.keys.map(secretboxTransformer);
      case 'kms': {
        // Who has no plugin does not load the library that speaks to them.
        const [{ KmsPlugin }, { KmsTransformer }] = await Promise.all([
          import('./kms-plugin.js'),
          import('./kms-transformer.js'),
        ]);
        const plugin = new KmsPlugin(provider.endpoint, provider.timeoutMs);
        const transformer = new KmsTransformer(provider.name, plugin, this.#logger);
        plugins.push(transformer);
        await transformer.start();
        return [transformer];
      }
    }
  }
}

/** `secrets` of the core group, `deployments.apps`, `*.apps`, `*.`, `*.*`. */
export function isNamed(named: string, { group, resource }: EncryptedResource): boolean {
  const dot = named.indexOf('.');
  const [ofResource, ofGroup] = dot < 0 ? [named, ''] : [named.slice(0, dot), named.slice(dot + 1)];
  return (ofResource === '*' || ofResource === resource) && (ofGroup === '*' || ofGroup === group);
}
