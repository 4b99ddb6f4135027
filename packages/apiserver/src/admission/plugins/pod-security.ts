import { controllerOf, type Kind, type KubernetesObject } from '@kubewright/api';
import { type Container, Namespace, Pod, type PodSpec } from '@kubewright/api/core/v1';
import { kubernetesVersion } from '../../http/version.js';
import type { CountedRequest, PodSecurityMetrics } from '../../metrics/pod-security-metrics.js';
import { invalidObject } from '../../validation/field-error.js';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { handlesKind } from '../handles-kind.js';
import type { PodShape } from '../pod-security/check.js';
import type { PodSecurityConfiguration } from '../pod-security/configuration.js';
import { detailsOf, reasonsOf, violationsOf } from '../pod-security/evaluate.js';
import {
  askedFor,
  isPrivileged,
  isSame,
  isStricter,
  type LevelVersion,
  levelVersionText,
  type Policy,
  policyOf,
} from '../pod-security/level-version.js';
import { makesPods, podOf } from '../pod-security/pod-of.js';
import { refusal } from '../refusal.js';

/** Of the pods that a namespace has when it gets stricter, so many are looked at. */
const maxPodsToCheck = 3000;
/** These change nothing of what is looked at. */
const ignoredSubresources = new Set([
  ...['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'],
]);
const handlesNamespace = handlesKind(Namespace, ['CREATE', 'UPDATE']);

/**
 * Pods keep to the level of the Pod Security Standards that labels of their namespace name; who makes a workload of
 * pods that would not is warned. Source: the Pod Security Admission page.
 */
export function podSecurity(
  configuration: PodSecurityConfiguration,
  metrics: PodSecurityMetrics,
): AdmissionPlugin {
  const standards: Standards = { ...configuration, metrics, judged: new WeakMap() };
  return {
    name: 'PodSecurity',

    handles(target) {
      const { operation, resource, subresource } = target;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
      if (isPod(resource.rules.kind)) return !ignoredSubresources.has(subresource);
      return handlesNamespace(target) || (subresource === '' && makesPods(resource.rules.kind));
    },

    validate(request) {
      const { kind } = request.resource.rules;
      if (isNamespace(kind))
        return validateNamespace(standards, request as unknown as AdmissionRequest<Namespace>);
      if (isPod(kind)) validatePod(standards, request as unknown as AdmissionRequest<Pod>);
      else validateWorkload(standards, request);
      return undefined;
    },
  };
}

/** What the plugin goes by. */
interface Standards extends PodSecurityConfiguration {
  readonly metrics: PodSecurityMetrics;
  /** What labels of namespaces ask for, read once for all pods. */
  readonly judged: WeakMap<object, Judged>;
}

/** A request as it is counted. */
function counted<T extends KubernetesObject>({
  operation,
  resource,
  subresource,
}: AdmissionRequest<T>): CountedRequest {
  const { kind } = resource.rules;
  return {
    operation,
    subresource,
    resource: isPod(kind) ? 'pod' : isNamespace(kind) ? 'namespace' : 'controller',
  };
}

type KindName = Pick<Kind, 'group' | 'plural'>;

function isPod({ group, plural }: KindName): boolean {
  return group === Pod.group && plural === Pod.plural;
}

function isNamespace({ group, plural }: KindName): boolean {
  return group === Namespace.group && plural === Namespace.plural;
}

function validatePod(standards: Standards, request: AdmissionRequest<Pod>): void {
  const { object, oldObject, operation } = request;
  if (object?.spec === undefined || isExempt(standards, request)) return;
  const judged = policyFor(standards, request);
  if (judged.errors.length === 0 && isPrivileged(judged.policy)) {
    annotate(request, 'enforce-policy', 'privileged:latest');
    const { metrics } = standards;
    metrics.evaluated(counted(request), {
      ...{ decision: 'allow', mode: 'enforce', level: 'privileged', version: 'latest' },
    });
    return;
  }
  if (operation === 'UPDATE' && !isSignificant(object.spec, oldObject?.spec)) return;
  evaluate(standards, request, { ...judged, pod: { metadata: object.metadata, spec: object.spec } });
}

function validateWorkload(standards: Standards, request: AdmissionRequest): void {
  if (request.object === undefined || isExempt(standards, request)) return;
  const judged = policyFor(standards, request);
  const { audit, warn } = judged.policy;
  if (judged.errors.length === 0 && audit.level === 'privileged' && warn.level === 'privileged') return;
  const pod = podOf(request.resource.rules.kind, request.object);
  if (pod !== undefined) evaluate(standards, request, { ...judged, pod });
}

interface Judged {
  readonly policy: Policy;
  readonly errors: ReturnType<typeof policyOf>['errors'];
}

function policyFor<T extends KubernetesObject>(
  { defaults, judged }: Standards,
  { context, namespace }: AdmissionRequest<T>,
): Judged {
  const labels = context.objects.lister(Namespace).get('', namespace)?.metadata.labels;
  if (labels === undefined) return policyOf(labels, defaults);
  let known = judged.get(labels);
  if (known === undefined) {
    known = policyOf(labels, defaults);
    judged.set(labels, known);
  }
  return known;
}

function evaluate<T extends KubernetesObject>(
  { exemptions, metrics }: Standards,
  request: AdmissionRequest<T>,
  { policy, errors, pod }: Judged & { readonly pod: PodShape },
): void {
  if (exemptions.runtimeClasses.includes(pod.spec.runtimeClassName ?? '')) {
    annotate(request, 'exempt', 'runtimeClass');
    metrics.exempted(counted(request));
    return;
  }
  const count = (decision: 'allow' | 'deny', mode: 'enforce' | 'audit' | 'warn') =>
    metrics.evaluated(counted(request), { decision, mode, ...versionLabels(policy[mode]) });
  if (errors.length > 0) {
    annotate(
      request,
      'error',
      `Failed to parse policy: ${errors.map(({ field, message }) => `${field}: ${message}`).join(', ')}`,
    );
    metrics.failed(counted(request));
  }
  const audited = violationsOf(pod, policy.audit);
  if (audited.length > 0) {
    annotate(request, 'audit-violations', would(policy.audit, detailsOf(audited)));
    count('deny', 'audit');
  }
  if (isPod(request.resource.rules.kind)) {
    const enforced = levelVersionText(policy.enforce);
    annotate(request, 'enforce-policy', enforced);
    const violations = violationsOf(pod, policy.enforce);
    count(violations.length > 0 ? 'deny' : 'allow', 'enforce');
    if (violations.length > 0)
      throw refusal(request, `violates PodSecurity "${enforced}": ${detailsOf(violations)}`);
  }
  const warned = violationsOf(pod, policy.warn);
  if (warned.length === 0) return;
  request.warn(would(policy.warn, detailsOf(warned)));
  count('deny', 'warn');
}

/** What may not be seen yet is `future`; of what is privileged the version says nothing. */
function versionLabels({ level, minor }: LevelVersion): { readonly level: string; readonly version: string } {
  if (level === 'privileged' || !Number.isFinite(minor)) return { level, version: 'latest' };
  return { level, version: minor > Number(kubernetesVersion.minor) ? 'future' : `v1.${minor}` };
}

function would(levelVersion: LevelVersion, details: string): string {
  return `would violate PodSecurity "${levelVersionText(levelVersion)}": ${details}`;
}

function annotate<T extends KubernetesObject>(
  request: AdmissionRequest<T>,
  key: string,
  value: string,
): void {
  request.annotate(`pod-security.kubernetes.io/${key}`, value);
}

function isExempt<T extends KubernetesObject>(
  { exemptions, metrics }: Standards,
  request: AdmissionRequest<T>,
): boolean {
  const why = exemptions.namespaces.includes(request.namespace)
    ? 'namespace'
    : exemptions.usernames.includes(request.user.name)
      ? 'user'
      : undefined;
  if (why === undefined) return false;
  annotate(request, 'exempt', why);
  metrics.exempted(counted(request));
  return true;
}

/** Nothing else of a pod that is looked at can change. */
function isSignificant(spec: PodSpec, old: PodSpec | undefined): boolean {
  const isChanged = (now: readonly Container[] = [], before: readonly Container[] = []) =>
    now.length !== before.length || now.some(({ image }, index) => image !== before[index]?.image);
  if (isChanged(spec.containers, old?.containers)) return true;
  if (isChanged(spec.initContainers, old?.initContainers)) return true;
  return (spec.ephemeralContainers ?? []).some(
    ({ name, image }) => old?.ephemeralContainers?.find((one) => one.name === name)?.image !== image,
  );
}

function validateNamespace(
  standards: Standards,
  request: AdmissionRequest<Namespace>,
): Promise<void> | undefined {
  const { object, oldObject, operation } = request;
  const name = object?.metadata.name ?? '';
  const { policy, errors } = policyOf(object?.metadata.labels, standards.defaults);
  const before = policyOf(oldObject?.metadata.labels, standards.defaults);
  if (errors.length > 0 && (operation === 'CREATE' || !sameErrors(errors, before.errors)))
    throw invalidObject(Namespace, name, errors);
  if (operation === 'UPDATE') {
    const isStrictest = policy.enforce.minor === before.policy.enforce.minor;
    if (isSame(policy.enforce, before.policy.enforce) || policy.enforce.level === 'privileged')
      return undefined;
    if (isStrictest && !isStricter(policy.enforce, before.policy.enforce)) return undefined;
  }
  if (standards.exemptions.namespaces.includes(name)) {
    const asked = askedFor(object?.metadata.labels, policy);
    if (asked !== '')
      request.warn(
        `namespace "${name}" is exempt from Pod Security, and the policy (${asked}) will be ignored`,
      );
    return undefined;
  }
  return operation === 'UPDATE' ? warnOfPods(standards, request, policy.enforce) : undefined;
}

function sameErrors(a: Judged['errors'], b: Judged['errors']): boolean {
  const text = (errors: Judged['errors']) =>
    errors.map(({ field, message }) => `${field}: ${message}`).join('\n');
  return text(a) === text(b);
}

/** Who makes a namespace stricter is told which pods would not be let in any more. */
async function warnOfPods(
  { exemptions }: Standards,
  request: AdmissionRequest<Namespace>,
  enforce: LevelVersion,
): Promise<void> {
  const namespace = request.object?.metadata.name ?? '';
  const all = (await request.context.objects.list(Pod, namespace)).filter(
    ({ spec }) => !exemptions.runtimeClasses.includes(spec?.runtimeClassName ?? ''),
  );
  const pods = oneOfEachFirst(all).slice(0, maxPodsToCheck);
  if (pods.length < all.length)
    request.warn(
      `new PodSecurity enforce level only checked against the first ${pods.length} of ${all.length} existing pods`,
    );
  const names = new Map<string, string[]>();
  for (const { metadata, spec } of pods) {
    if (spec === undefined) continue;
    const violations = violationsOf({ metadata, spec }, enforce);
    if (violations.length === 0) continue;
    const reasons = reasonsOf(violations);
    names.set(reasons, [...(names.get(reasons) ?? []), metadata.name ?? '']);
  }
  if (names.size === 0) return;
  request.warn(
    `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${levelVersionText(enforce)}"`,
  );
  const warnings = [...names].map(([reasons, of]) => `${firstOf(of)}: ${reasons}`);
  for (const warning of warnings.sort()) request.warn(warning);
}

/** `a`, `a (and 1 other pod)`, `a (and 2 other pods)` */
function firstOf(names: readonly string[]): string {
  const [first = ''] = [...names].sort();
  const others = names.length - 1;
  if (others === 0) return first;
  return `${first} (and ${others} other ${others === 1 ? 'pod' : 'pods'})`;
}

/** Pods of one controller are alike: one of each comes before the rest. */
function oneOfEachFirst(pods: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const [first, rest]: [Pod[], Pod[]] = [[], []];
  for (const pod of pods) {
    const uid = controllerOf(pod)?.uid;
    if (uid !== undefined && seen.has(uid)) rest.push(pod);
    else first.push(pod);
    if (uid !== undefined) seen.add(uid);
  }
  return [...first, ...rest];
}
