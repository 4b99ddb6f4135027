import { isNotFound } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import type { Change } from '../cache/cache-event.js';
import type { ResourceCache } from '../cache/resource-cache.js';
import type { WatchCache } from '../cache/watch-cache.js';
import { parseStored } from '../encoding/object-bytes.js';
import type { Registry } from '../registry/registry.js';
import { Resource } from '../registry/resource.js';
import type { WriteContext } from '../registry/write-context.js';
import type { WebhookClient } from '../webhooks/webhook-client.js';
import { acceptNames, takenNames } from './accepted-names.js';
import { ConversionWebhook } from './conversion-webhook.js';
import { customKind, type Outline, outlineOf } from './custom-kind.js';
import { customResourceRules, isTerminating } from './custom-resource-rules.js';
import { establishmentOf, isTrue, withCondition } from './definition-conditions.js';
import { DefinitionSchemas } from './definition-schemas.js';
import { InstanceRemoval } from './instance-removal.js';
import { StoredVersions } from './stored-versions.js';

/** What the custom resources of a server need of it. */
export interface CustomResourceHost {
  readonly registry: Registry;
  readonly cache: WatchCache;
  /** Names the resource whose keys start with the prefix, before any of it is read: for metrics and encryption. */
  name(prefix: string, resource: { readonly group: string; readonly resource: string }): void;
  /** Of the server's own writes. */
  context(): WriteContext;
  readonly webhooks: WebhookClient;
}

interface Installed {
  readonly outline: Outline;
  readonly cache: ResourceCache;
  readonly prefix: string;
  readonly resources: readonly Resource[];
}

/**
 * Makes kinds of CustomResourceDefinitions while the server runs. A change of one takes effect before the write that
 * made it is answered; what the status says follows, and what a new definition defines is served when it says so.
 */
export class CustomResources {
  readonly #host: CustomResourceHost;
  readonly #outlines = new Map<string, Outline>();
  readonly #installed = new Map<string, Installed>();
  readonly #removal: InstanceRemoval;
  readonly #queue = new Set<string>();
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(host: CustomResourceHost) {
    this.#host = host;
    this.#removal = new InstanceRemoval(host, (name) => this.#enqueue(name));
  }

  /** Serves what is established already, and follows the definitions from now on. */
  async start(): Promise<void> {
    const { cache } = this.#definitions;
    cache.onChange((change) => this.#changed(change));
    const { entries } = await cache.list();
    for (const { bytes } of entries) {
      const outline = outlineOf(parseStored(bytes, 0));
      this.#outlines.set(outline.name, outline);
    }
    const established = [...this.#outlines.values()].filter(({ status }) => isTrue(status, 'Established'));
    await Promise.all(established.map((outline) => this.#open(outline)));
    for (const name of this.#outlines.keys()) this.#enqueue(name);
  }

  /** Ends what it does on its own; what is served stays until the server is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.clear();
    this.#removal.close();
    await this.#working;
  }

  get #definitions(): Resource<CustomResourceDefinition> {
    return this.#host.registry.resources.of<CustomResourceDefinition>(CustomResourceDefinition).resource;
  }

  #changed({ name: { name }, after }: Change): void {
    const before = this.#outlines.get(name);
    if (after === undefined) {
      this.#outlines.delete(name);
      this.#uninstall(name);
    } else {
      const outline = outlineOf(parseStored(after.bytes, 0));
      this.#outlines.set(name, outline);
      this.#follow(outline);
      this.#enqueue(name);
    }
    // Names that became free may be what others of the group wait for.
    const group = before?.spec.group;
    if (group === undefined) return;
    for (const other of this.#outlines.values())
      if (other.spec.group === group && other.name !== name && !isTrue(other.status, 'NamesAccepted'))
        this.#enqueue(other.name);
  }

  /** What is installed already follows its definition at once. */
  #follow(outline: Outline): void {
    const installed = this.#installed.get(outline.name);
    if (installed === undefined) return;
    if (installed.outline.uid !== outline.uid) this.#uninstall(outline.name);
    else if (servesOtherwise(installed.outline, outline))
      this.#install(outline, installed.cache, installed.prefix);
  }

  async #open(outline: Outline): Promise<void> {
    const { cache, name } = this.#host;
    const { group } = outline.spec;
    const plural = outline.status.acceptedNames?.plural || outline.spec.names.plural;
    const prefix = `/registry/${group}/${plural}/`;
    name(prefix, { group, resource: plural });
    const opened = cache.resource(prefix, this.#versionsOf(outline).versions.reader());
    await opened.ready;
    // It may have changed or gone meanwhile.
    const now = this.#outlines.get(outline.name);
    if (now?.uid !== outline.uid) cache.remove(prefix);
    else
      this.#install(
        { ...now, status: { ...now.status, acceptedNames: outline.status.acceptedNames } },
        opened,
        prefix,
      );
  }

  #versionsOf(outline: Outline) {
    const schemas = new DefinitionSchemas(outline, () => this.#stored(outline.name));
    const kinds = outline.spec.versions.map((version) =>
      customKind(outline, version, schemas.of(version.name)),
    );
    const storage = kinds[outline.spec.versions.findIndex((version) => version.storage)] ?? kinds[0];
    if (storage === undefined) throw new Error(`${outline.name} has no version`);
    const { conversion } = outline.spec;
    const webhook =
      conversion?.strategy === 'Webhook' ? new ConversionWebhook(outline, this.#host) : undefined;
    const storedVersions = outline.status.storedVersions ?? [];
    return { kinds, versions: new StoredVersions(storage, kinds, storedVersions, webhook) };
  }

  #install(outline: Outline, cache: ResourceCache, prefix: string): void {
    const { resources: table, logger } = this.#host.registry;
    const before = this.#installed.get(outline.name);
    for (const resource of before?.resources ?? []) table.remove(resource);
    const { kinds, versions } = this.#versionsOf(outline);
    if (before?.outline.generation !== outline.generation) cache.reread(versions.reader());
    const resources: Resource[] = [];
    for (const [index, kind] of kinds.entries()) {
      const version = outline.spec.versions[index];
      if (version?.served !== true) continue;
      if (table.at(kind.group, kind.version, kind.plural) !== undefined) {
        logger.warn({ definition: outline.name }, 'the server serves such a kind of its own already');
        continue;
      }
      const rules = customResourceRules(outline, version, kind);
      const resource = new Resource(rules, () => cache, versions.forms(kind));
      table.add(resource);
      resources.push(resource);
    }
    this.#installed.set(outline.name, { outline, cache, prefix, resources });
  }

  #uninstall(name: string): void {
    const installed = this.#installed.get(name);
    if (installed === undefined) return;
    this.#installed.delete(name);
    for (const resource of installed.resources) this.#host.registry.resources.remove(resource);
    this.#host.cache.remove(installed.prefix);
  }

  /** What is stored at this moment. */
  #stored(name: string): CustomResourceDefinition | undefined {
    const entry = this.#definitions.cache.get(this.#definitions.key('', name));
    return entry && parseStored<CustomResourceDefinition>(entry.bytes, 0);
  }

  /** One after the other: two must not take the same name. */
  #enqueue(name: string): void {
    if (this.#closed) return;
    this.#queue.add(name);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    for (const name of this.#queue) {
      this.#queue.delete(name);
      try {
        await this.#reconcile(name);
      } catch (err) {
        if (!isNotFound(err))
          this.#host.registry.logger.error({ err, name }, 'a definition could not be followed');
      }
    }
  }

  async #reconcile(name: string): Promise<void> {
    const outline = this.#outlines.get(name);
    if (outline === undefined) return;
    if (outline.deleted) {
      await this.#removal.run(outline, this.#installed.get(name)?.resources[0]);
      return;
    }
    const { names, condition } = acceptNames(outline, takenNames(this.#othersOf(outline)));
    const accepted = condition.status === 'True';
    if (accepted && !this.#installed.has(name))
      await this.#open({ ...outline, status: { ...outline.status, acceptedNames: names } });
    const { objects, now } = this.#host.context();
    const { approval } = outline;
    const next = (status: Outline['status']): Outline['status'] => {
      const named = withCondition({ ...status, acceptedNames: names }, condition, now());
      const established = withCondition(named, establishmentOf(named, outline.spec.conversion), now());
      return approval === undefined ? established : withCondition(established, approval, now());
    };
    if (sameStatus(next(outline.status), outline.status)) return;
    await objects.changeStatus(CustomResourceDefinition, '', name, (definition) => ({
      ...definition,
      status: next(definition.status ?? {}),
    }));
  }

  *#othersOf({ name, spec: { group } }: Outline): Iterable<Outline> {
    for (const other of this.#outlines.values())
      if (other.name !== name && other.spec.group === group) yield other;
  }
}

function servesOtherwise(before: Outline, after: Outline): boolean {
  return (
    before.generation !== after.generation ||
    isTerminating(before) !== isTerminating(after) ||
    JSON.stringify(before.status.acceptedNames) !== JSON.stringify(after.status.acceptedNames)
  );
}

function sameStatus(a: Outline['status'], b: Outline['status']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
