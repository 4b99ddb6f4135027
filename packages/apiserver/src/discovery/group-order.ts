/**
 * How much built-in groups are wanted, the most wanted first: what clients show first and what an ambiguous name means.
 * Source: the priorities that kube-apiserver registers its groups with.
 */
const builtinPriorities: Readonly<Record<string, number>> = {
  '': 18_000,
  // Its own server stands before all others.
  'apiregistration.k8s.io': 17_900,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'resource.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
};

/** What groups have that nobody says more of, such as those of custom resources. */
export const customGroupPriority = 1000;

/** The priority of a group as an APIService has it: the greater, the more it is wanted. */
export function groupPriority(group: string): number {
  return builtinPriorities[group] ?? customGroupPriority;
}

/** Whether it is one of upstream's own, core among them. */
export function isBuiltinGroup(group: string): boolean {
  return Object.hasOwn(builtinPriorities, group);
}

/** Sorts groups: the most wanted first, those that are wanted alike by name. */
export function compareGroups(
  a: string,
  b: string,
  priority: (group: string) => number = groupPriority,
): number {
  return priority(b) - priority(a) || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Sorts versions, the preferred one first: v2, v1, v2beta1, v1beta2, v1alpha1, then what is no such version by name.
 * Source: "Version priority" on the page of custom resource versions.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (left === undefined || right === undefined)
    return left !== undefined ? -1 : right !== undefined ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor;
}

function parse(version: string): { stability: number; major: number; minor: number } | undefined {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version);
  if (match === null) return undefined;
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return { stability, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}
