import { isNotFound, type Kind, type KubernetesObject } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { APIService } from '@kubewright/api/apiregistration/v1';
import { type Informer, sleep } from '@kubewright/client';
import type { Controller } from '../framework/controller.js';
import type { Manager } from '../framework/manager.js';
import { TerminalError } from '../framework/reconcile.js';
import { Collector, ImpossibleOwner } from './collector.js';
import { nodeOf, OwnershipGraph } from './ownership-graph.js';

/** How often the server is asked for its kinds, besides whenever a definition of kinds changes. */
const discoveryPeriodMs = 30_000;

/** How long a kind that can't be listed holds up decisions that need to know all dependents. */
const patienceMs = 30_000;

/** Events own nothing, are owned by nothing, and are many. */
const ignored = new Set(['/events', 'events.k8s.io/events']);

interface Monitor {
  readonly kind: Kind;
  readonly informer: Informer<KubernetesObject>;
  readonly stop: AbortController;
  readonly startedAt: number;
}

/** Deletes what its owners have left behind, and carries out foreground and orphaning deletions. */
export function addGarbageCollector(manager: Manager): void {
  const graph = new OwnershipGraph();
  const name = 'garbage-collector-controller';
  const collector = new Collector(manager.clientFor(name), graph, (uid) => controller.enqueue(uid));
  const monitors = new Monitors(manager, graph, (uid) => controller.enqueue(uid));
  const controller: Controller = manager.worker(
    { name, concurrency: 20 },
    async (uid, { signal, logger }) => {
      const node = graph.get(uid);
      // Decisions about all dependents need all of them.
      if (node?.deleting && !monitors.complete) return { requeueAfterMs: 500 };
      try {
        const isUnwatched = await collector.process(uid, signal);
        return isUnwatched ? { requeueAfterMs: discoveryPeriodMs } : undefined;
      } catch (error) {
        if (error instanceof ImpossibleOwner) throw new TerminalError(error.message, { cause: error });
        // A kind that the server doesn't know yet may come.
        if (isNotFound(error)) logger.debug({ uid, err: error }, 'the kind of an owner is unknown');
        throw error;
      }
    },
  );
  for (const kind of [CustomResourceDefinition, APIService] as const) {
    const definitions: Informer<KubernetesObject> = manager.informer<KubernetesObject>(kind);
    definitions.on({ add: monitors.refresh, update: monitors.refresh, delete: monitors.refresh });
  }
  manager.add((signal) => monitors.run(signal));
}

/** Watches every kind that can be listed, watched and deleted, those that come later too. */
class Monitors {
  readonly refresh = () => this.#wake();
  readonly #manager: Manager;
  readonly #graph: OwnershipGraph;
  readonly #enqueue: (uid: string) => void;
  readonly #monitors = new Map<string, Monitor>();
  #wake: () => void = () => undefined;

  constructor(manager: Manager, graph: OwnershipGraph, enqueue: (uid: string) => void) {
    this.#manager = manager;
    this.#graph = graph;
    this.#enqueue = enqueue;
  }

  /** Whether every object that there was at the start is in the graph; kinds that fail are not waited for forever. */
  get complete(): boolean {
    const now = this.#manager.clock.now();
    if (this.#monitors.size === 0) return false;
    for (const { informer, startedAt } of this.#monitors.values())
      if (!informer.hasSynced && now - startedAt < patienceMs) return false;
    return true;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        // From before the question, so that a change while it is answered is not missed.
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        await this.#sync(signal).catch((error: unknown) => {
          if (!signal.aborted) this.#manager.logger.warn({ err: error }, 'kinds could not be discovered');
        });
        await this.#pause(woken, signal);
      }
    } finally {
      for (const { stop } of this.#monitors.values()) stop.abort();
    }
  }

  async #pause(woken: Promise<void>, signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    const both = AbortSignal.any([signal, ending.signal]);
    const { clock } = this.#manager;
    const ignoreAbort = (error: unknown) => {
      if (!both.aborted) throw error;
    };
    await Promise.race([woken, sleep(clock, discoveryPeriodMs, both).catch(ignoreAbort)]);
    ending.abort();
    // Definitions come in bunches, and discovery follows them a moment later.
    if (!signal.aborted) await sleep(clock, 200, signal).catch(() => undefined);
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const { client } = this.#manager;
    client.discovery.refresh();
    // A server behind the API server that does not answer must not stop the collection of all other kinds.
    const unknown = new Set<string>();
    const onFault = (err: Error, apiVersion: string) => {
      unknown.add(apiVersion);
      this.#manager.logger.warn({ err, apiVersion }, 'kinds of a group could not be discovered');
    };
    const kinds = (await client.discovery.kinds({ signal, onFault })).filter(isCollectable);
    const wanted = new Map(kinds.map((kind) => [resourceOf(kind), kind]));
    for (const [resource, { kind, informer, stop }] of this.#monitors) {
      if (wanted.has(resource) || unknown.has(kind.apiVersion)) continue;
      // What was there of the kind is gone with it.
      for (const { metadata } of informer.list()) this.#affected(this.#graph.remove(metadata.uid ?? ''));
      stop.abort();
      this.#monitors.delete(resource);
    }
    for (const [resource, kind] of wanted)
      if (!this.#monitors.has(resource)) this.#monitors.set(resource, this.#monitor(kind, signal));
  }

  #monitor(kind: Kind, signal: AbortSignal): Monitor {
    const stop = new AbortController();
    // Where whole objects are watched anyway, that watch is shared.
    const informer = this.#manager.client.informer(kind, { metadataOnly: !this.#manager.watchesAll(kind) });
    const put = (object: KubernetesObject) => this.#affected(this.#graph.put(nodeOf(kind, object)));
    informer.on({
      add: put,
      update: put,
      delete: ({ metadata }) => this.#affected(this.#graph.remove(metadata.uid ?? '')),
    });
    informer.start(AbortSignal.any([signal, stop.signal]));
    return { kind, informer, stop, startedAt: this.#manager.clock.now() };
  }

  #affected(uids: Iterable<string>): void {
    for (const uid of uids) this.#enqueue(uid);
  }
}

function resourceOf({ group, plural }: Kind): string {
  return `${group}/${plural}`;
}

function isCollectable(kind: Kind): boolean {
  const { verbs } = kind;
  return (
    !ignored.has(resourceOf(kind)) &&
    (['list', 'watch', 'delete'] as const).every((verb) => verbs.includes(verb))
  );
}
