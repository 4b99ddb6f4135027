import { findCondition, isConflict, isNotFound, setCondition } from '@kubewright/api';
import { Node, Pod, type PodCondition } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';
import type { EventRecorder } from '../framework/events/event-recorder.js';
import { Manager, type ManagerOptions } from '../framework/manager.js';
import { sameValue } from '../framework/same-value.js';
import { isPodTerminal } from '../pods/pod-state.js';
import { chooseNode } from './choose-node.js';
import { defaultPlugins } from './default-plugins.js';
import type { NodeInfo } from './node-info.js';
import type { SchedulerPlugin, SchedulingCycle } from './plugin.js';
import { SchedulerCache } from './scheduler-cache.js';
import { SchedulingQueue } from './scheduling-queue.js';

export interface SchedulerOptions extends ManagerOptions {
  /** Pods that name this scheduler are placed. @default `default-scheduler` */
  readonly schedulerName?: string | undefined;
  /** @default {@link defaultPlugins} */
  readonly plugins?: readonly SchedulerPlugin[] | undefined;
}

/** Starts the scheduler; resolves when it places pods. It ends with its signal. */
export async function startScheduler(client: Client, options: SchedulerOptions): Promise<Manager> {
  const manager = new Manager(client, options);
  addScheduler(manager, options);
  await manager.start();
  return manager;
}

/** Adds the scheduler to a manager. */
export function addScheduler(
  manager: Manager,
  { schedulerName = 'default-scheduler', plugins = defaultPlugins }: Omit<SchedulerOptions, 'signal'> = {},
): void {
  const scheduler = new Scheduler(manager, plugins, manager.recorder(schedulerName));
  const isOurs = (pod: Pod) => (pod.spec?.schedulerName ?? 'default-scheduler') === schedulerName;
  manager.informer(Node).on({
    add: (node) => scheduler.nodeChanged(node, undefined),
    update: (node, previous) => scheduler.nodeChanged(node, previous),
    delete: (node) => scheduler.cache.removeNode(node),
  });
  manager.informer(Pod).on({
    add: (pod) => scheduler.podChanged(pod, undefined, isOurs(pod)),
    update: (pod, previous) => scheduler.podChanged(pod, previous, isOurs(pod)),
    delete: (pod) => scheduler.podDeleted(pod),
  });
  manager.add((signal) => scheduler.run(signal));
}

/** One loop places pods one after the other; binding goes on beside it. */
class Scheduler {
  readonly cache = new SchedulerCache();
  readonly #queue: SchedulingQueue;
  readonly #manager: Manager;
  readonly #plugins: readonly SchedulerPlugin[];
  readonly #events: EventRecorder;

  constructor(manager: Manager, plugins: readonly SchedulerPlugin[], events: EventRecorder) {
    this.#manager = manager;
    this.#plugins = plugins;
    this.#events = events;
    this.#queue = new SchedulingQueue(manager.clock);
  }

  nodeChanged(node: Node, previous: Node | undefined): void {
    this.cache.putNode(node);
    if (previous === undefined || mattersToPods(node, previous)) this.#queue.moveAll();
  }

  podChanged(pod: Pod, previous: Pod | undefined, isOurs: boolean): void {
    this.cache.putPod(pod);
    if (pod.spec?.nodeName || isPodTerminal(pod)) {
      this.#queue.remove(pod);
      // Room came free where a pod has ended.
      if (pod.spec?.nodeName && isPodTerminal(pod) && previous !== undefined && !isPodTerminal(previous))
        this.#queue.moveAll();
      return;
    }
    if (!isOurs || pod.metadata.deletionTimestamp !== undefined || this.cache.isAssumed(pod)) return;
    if ((pod.spec?.schedulingGates ?? []).length > 0) return;
    const isChanged = previous !== undefined && !sameValue(pod.spec, previous.spec);
    this.#queue.put(pod, { mayHelp: isChanged });
  }

  podDeleted(pod: Pod): void {
    this.cache.removePod(pod);
    this.#queue.remove(pod);
    if (pod.spec?.nodeName) this.#queue.moveAll();
  }

  async run(signal: AbortSignal): Promise<void> {
    const binding = new Set<Promise<void>>();
    while (!signal.aborted) {
      const pod = await this.#queue.pop(signal).catch((error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      });
      if (pod === undefined) break;
      const step = this.#place(pod, signal)
        .catch((error: unknown) => {
          if (signal.aborted) return;
          this.#manager.logger.warn({ err: error, pod: pod.metadata.name }, 'a pod could not be placed');
          this.#queue.retry(pod);
        })
        .finally(() => binding.delete(step));
      binding.add(step);
    }
    await Promise.all(binding);
  }

  /** Chooses at once, so that the next pod sees it; what goes to the server follows. */
  async #place(pod: Pod, signal: AbortSignal): Promise<void> {
    const choice = chooseNode(pod, this.cache.nodes(), {
      plugins: this.#plugins,
      random: this.#manager.random,
    });
    if (choice.type === 'none') {
      this.#queue.unschedulable(pod);
      this.#events.warning(pod, 'FailedScheduling', choice.message);
      await this.#note(pod, choice.message, signal);
      return;
    }
    const { cycle, node } = choice;
    this.cache.assume(pod, node.name);
    try {
      this.#reserve(cycle, node);
      await this.#bind(cycle, node, signal);
    } catch (error) {
      this.cache.unassume(pod);
      for (const plugin of this.#plugins) plugin.unreserve?.(cycle, node);
      // Gone, or placed by someone else: the watch tells which, and nothing is left to do.
      if (isNotFound(error)) {
        this.#queue.remove(pod);
        return;
      }
      if (isConflict(error)) {
        this.#queue.retry(pod);
        return;
      }
      this.#events.warning(pod, 'FailedScheduling', error instanceof Error ? error.message : String(error));
      throw error;
    }
    this.#queue.remove(pod);
    const { namespace, name } = pod.metadata;
    this.#events.normal(pod, 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node.name}`);
  }

  #reserve(cycle: SchedulingCycle, node: NodeInfo): void {
    for (const plugin of this.#plugins) {
      const refusal = plugin.reserve?.(cycle, node);
      if (refusal !== undefined)
        throw new Error(`${plugin.name} refused ${node.name}: ${refusal.join(', ')}`);
    }
  }

  async #bind(cycle: SchedulingCycle, node: NodeInfo, signal: AbortSignal): Promise<void> {
    const binder = this.#plugins.find(({ bind }) => bind !== undefined);
    if (binder?.bind !== undefined) {
      await binder.bind(cycle, node, signal);
      return;
    }
    const { namespace, name = '' } = cycle.pod.metadata;
    await this.#manager.client.resource(Pod).namespace(namespace).bind(name, node.name, { signal });
  }

  /** Writes why the pod has no node, where `kubectl describe` and autoscalers look for it. */
  async #note(pod: Pod, message: string, signal: AbortSignal): Promise<void> {
    const type = 'PodScheduled';
    const before = findCondition(pod.status?.conditions, type);
    if (before?.status === 'False' && before.message === message) return;
    const conditions = setCondition<PodCondition>(
      before === undefined ? [] : [before],
      { type, status: 'False', reason: 'Unschedulable', message },
      this.#manager.clock.now(),
    );
    const { name = '', namespace, uid } = pod.metadata;
    try {
      await this.#manager.client
        .resource(Pod)
        .namespace(namespace)
        .status.patchStrategic(name, { metadata: { uid }, status: { conditions } }, { signal });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

/** Heartbeats don't; what a node offers, asks and is called does. */
function mattersToPods(node: Node, previous: Node): boolean {
  return !(
    sameValue(node.spec, previous.spec) &&
    sameValue(node.metadata.labels, previous.metadata.labels) &&
    sameValue(node.status?.allocatable, previous.status?.allocatable)
  );
}
