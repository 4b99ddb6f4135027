import type { Container, EphemeralContainer, PodSpec } from '@kubewright/api/core/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import type { Level } from './level-version.js';

/** A pod or the template of pods. */
export interface PodShape {
  readonly metadata?: Pick<ObjectMeta, 'annotations'>;
  readonly spec: PodSpec;
}

/** What a check finds wrong: `reason (detail)`. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

/** One control of the Pod Security Standards, as of a minor version of Kubernetes until a later form of it. */
export interface Check {
  /** Controls are told in the order of these. */
  readonly id: string;
  readonly level: Exclude<Level, 'privileged'>;
  readonly from: number;
  /** Of the baseline: a restricted pod is told by this check instead. */
  readonly overrides?: string;
  run(pod: PodShape): Violation | undefined;
}

type AnyContainer = Container | EphemeralContainer;

/** Init containers, containers and ephemeral containers, in this order. */
export function containersOf(spec: PodSpec): readonly AnyContainer[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

/** `container "a"` or `containers "a", "b"` */
export function namesOf(containers: readonly AnyContainer[]): string {
  return `${plural('container', containers)} ${quoted(containers.map(({ name }) => name))}`;
}

/** Who sets something: `pod and container "a"`; empty for nobody. */
export function setters(pod: boolean, containers: readonly AnyContainer[]): string {
  return [...(pod ? ['pod'] : []), ...(containers.length === 0 ? [] : [namesOf(containers)])].join(' and ');
}

export function quoted(items: readonly string[]): string {
  return items.map((item) => `"${item}"`).join(', ');
}

export function plural(word: string, items: readonly unknown[]): string {
  return items.length === 1 ? word : `${word}s`;
}

/** Each once, in order. */
export function distinct(items: readonly string[]): string[] {
  return [...new Set(items)].sort();
}
