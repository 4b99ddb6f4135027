import { podResources, type QuantityLike } from '@kubewright/api';
import {
  type Container,
  LimitRange,
  PersistentVolumeClaim,
  Pod,
  type PodSpec,
} from '@kubewright/api/core/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { handlesKind } from '../handles-kind.js';
import { refusal } from '../refusal.js';
import { atLeast, atMost, ratioAtMost, requestAtMost } from './limit-ranger/constraints.js';

const annotation = 'kubernetes.io/limit-ranger';
const isNewPod = handlesKind(Pod, ['CREATE']);
const isResize = handlesKind(Pod, ['UPDATE'], ['resize']);
const isClaim = handlesKind(PersistentVolumeClaim, ['CREATE', 'UPDATE']);

type Limit = NonNullable<LimitRange['spec']>['limits'][number];

/** Containers get the default requests and limits of their namespace; pods and claims keep to its bounds. */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  handles: (target) => isNewPod(target) || isResize(target) || isClaim(target),

  admit(request) {
    const ranges = rangesOf(request);
    if (ranges.length === 0 || request.kind.kind !== Pod.kind) return;
    const pod = request.object as Pod | undefined;
    if (pod?.spec === undefined) return;
    for (const range of ranges) addDefaults(pod, range);
  },

  validate(request) {
    for (const range of rangesOf(request)) {
      const all = (range.spec?.limits ?? []).flatMap((limit) => problemsOf(request, limit));
      const problems = [...new Set(all)];
      // Upstream's form of several errors.
      if (problems.length > 0)
        throw refusal(request, problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`);
    }
  },
};

function rangesOf({ context, namespace }: AdmissionRequest): readonly LimitRange[] {
  return context.objects.lister(LimitRange).list(namespace);
}

function problemsOf({ object, kind }: AdmissionRequest, limit: Limit): string[] {
  if (kind.kind === PersistentVolumeClaim.kind) return claimProblems(object as PersistentVolumeClaim, limit);
  const { spec } = object as Pod;
  if (spec === undefined) return [];
  if (limit.type === 'Container')
    return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
      boundProblems(limit, resources?.requests ?? {}, resources?.limits ?? {}),
    );
  if (limit.type === 'Pod')
    return boundProblems(limit, podResources(spec, 'requests'), podResources(spec, 'limits'));
  return [];
}

function boundProblems(limit: Limit, requests: Quantities, limits: Quantities): string[] {
  return [
    ...each(limit.min, (name, bound) => atLeast({ type: limit.type, name, bound }, requests, limits)),
    ...each(limit.max, (name, bound) => atMost({ type: limit.type, name, bound }, requests, limits)),
    ...each(limit.maxLimitRequestRatio, (name, bound) =>
      ratioAtMost({ type: limit.type, name, bound }, requests, limits),
    ),
  ];
}

function claimProblems({ spec }: PersistentVolumeClaim, limit: Limit): string[] {
  if (limit.type !== 'PersistentVolumeClaim') return [];
  const requests = spec?.resources?.requests ?? {};
  return [
    ...each(limit.min, (name, bound) => atLeast({ type: limit.type, name, bound }, requests, {})),
    ...each(limit.max, (name, bound) => requestAtMost({ type: limit.type, name, bound }, requests)),
  ];
}

type Quantities = Readonly<Record<string, QuantityLike>>;

function each(
  bounds: Quantities | undefined,
  problem: (name: string, bound: QuantityLike) => string | undefined,
): string[] {
  return Object.keys(bounds ?? {})
    .sort()
    .map((name) => problem(name, bounds?.[name] ?? 0))
    .filter((text) => text !== undefined);
}

/** Fills in what containers leave out, and notes on the pod what that was. */
function addDefaults(pod: Pod, range: LimitRange): void {
  const limits: Record<string, string | number> = {};
  const requests: Record<string, string | number> = {};
  for (const limit of range.spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    Object.assign(limits, limit.default);
    Object.assign(requests, limit.defaultRequest);
  }
  const notes: string[] = [];
  const { containers, initContainers = [] } = pod.spec as PodSpec;
  const visit = (role: string) => (container: Container) => {
    const missing = (
      field: 'requests' | 'limits',
      defaults: Readonly<Record<string, string | number>>,
    ): string[] => {
      const own = container.resources?.[field] ?? {};
      const names = Object.keys(defaults).filter((name) => own[name] === undefined);
      if (names.length > 0) {
        const added = Object.fromEntries(names.map((name) => [name, defaults[name] ?? 0]));
        container.resources = { ...container.resources, [field]: { ...own, ...added } };
      }
      return names.sort();
    };
    const [setLimits, setRequests] = [missing('limits', limits), missing('requests', requests)];
    if (setRequests.length > 0) notes.push(`${setRequests.join(', ')} request for ${role} ${container.name}`);
    if (setLimits.length > 0) notes.push(`${setLimits.join(', ')} limit for ${role} ${container.name}`);
  };
  containers.forEach(visit('container'));
  initContainers.forEach(visit('init container'));
  if (notes.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [annotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
  };
}
