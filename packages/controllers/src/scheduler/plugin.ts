import type { Pod } from '@kubewright/api/core/v1';
import type { NodeInfo } from './node-info.js';
import type { Resources } from './resources.js';

/** One attempt to place one pod. */
export interface SchedulingCycle {
  readonly pod: Pod;
  readonly requests: Resources;
  readonly requestsAssumed: Resources;
  /** What a plugin's `preFilter` leaves for its other methods, under the plugin's name. */
  readonly state: Map<string, unknown>;
}

/** Why a node or a pod is refused, in words for people; each is counted over the nodes. */
export type Refusal = readonly string[];

/** The best score that a plugin gives. */
export const maxNodeScore = 100;

/**
 * A rule of the scheduler, with the extension points of kube-scheduler's framework that this one has. All but
 * `reserve`, `unreserve` and `bind` are pure functions of their arguments.
 */
export interface SchedulerPlugin {
  readonly name: string;
  /** Once a cycle, before the filters. A refusal ends the cycle: no node can take the pod. */
  preFilter?(cycle: SchedulingCycle, nodes: readonly NodeInfo[]): Refusal | undefined;
  /** Whether the node can take the pod: undefined when it can. */
  filter?(cycle: SchedulingCycle, node: NodeInfo): Refusal | undefined;
  /** How well the node suits: the more the better, between 0 and 100 after `normalizeScore`. */
  score?(cycle: SchedulingCycle, node: NodeInfo): number;
  /** Brings the scores of all nodes to 0 to 100. */
  normalizeScore?(scores: readonly number[]): readonly number[];
  /** How much the score counts. @default 1 */
  readonly weight?: number;
  /** The node is chosen. A refusal gives the pod back to the queue, after `unreserve` of all plugins. */
  reserve?(cycle: SchedulingCycle, node: NodeInfo): Refusal | undefined;
  unreserve?(cycle: SchedulingCycle, node: NodeInfo): void;
  /** Tells the server. The first plugin with it binds all pods. @throws when the pod was not bound */
  bind?(cycle: SchedulingCycle, node: NodeInfo, signal: AbortSignal): Promise<void>;
}

/** Scales scores so that the highest is 100; reversed, the lowest is best. */
export function normalized(scores: readonly number[], { reverse = false } = {}): readonly number[] {
  const highest = Math.max(0, ...scores);
  if (highest === 0) return scores.map(() => (reverse ? maxNodeScore : 0));
  return scores.map((score) => {
    const scaled = Math.trunc((score * maxNodeScore) / highest);
    return reverse ? maxNodeScore - scaled : scaled;
  });
}
