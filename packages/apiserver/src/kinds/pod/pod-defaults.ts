import { formatQuantity } from '@kubewright/api';
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  Pod,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
} from '@kubewright/api/core/v1';
import type { Quantity } from '@kubewright/api/meta/v1';
import { isHugePages, roundResources } from '../resource-list.js';
import { amountTogether } from './amount-together.js';
import { defaultVolume } from './volume-defaults.js';

/** Fills in what a pod leaves out. Source: the defaults of core/v1, Kubernetes 1.36. */
export function defaultPod(pod: Pod): void {
  pod.spec ??= { containers: [] };
  const { spec, status } = pod;
  if (status !== undefined) defaultStatus(status);
  defaultPodSpec(spec);
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) requestLimits(container);
  requestPodLimits(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork === true) {
    for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
      for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
    }
  }
}

function defaultStatus(status: PodStatus): void {
  syncAddresses(status);
  roundResources(status.allocatedResources);
  roundRequirements(status.resources);
  for (const list of statusLists)
    for (const { allocatedResources, resources } of status[list] ?? []) {
      roundResources(allocatedResources);
      roundRequirements(resources);
    }
}

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

function roundRequirements({ limits, requests }: ResourceRequirements = {}): void {
  roundResources(limits);
  roundResources(requests);
}

/** The one address of old clients and the list are one field to upstream; where they differ, the one wins. */
function syncAddresses(status: PodStatus): void {
  const [first] = status.podIPs ?? [];
  if (!status.podIP) {
    if (first !== undefined) status.podIP = first.ip;
  } else if (first?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }];
}

/** The template of a workload: as a pod, without what only a pod itself gets (requests, service links, host ports). */
export function defaultPodTemplate(template: PodTemplateSpec): void {
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  defaultPodSpec(template.spec);
}

function defaultPodSpec(spec: PodSpec): void {
  spec.containers ??= [];
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.containers) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
  roundRequirements(spec.resources);
  roundResources(spec.overhead);
  spec.restartPolicy ||= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ||= 'ClusterFirst';
  // Both names are one field to upstream: clients of 2014 knew it as serviceAccount.
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  spec.securityContext ??= {};
  spec.schedulerName ||= 'default-scheduler';
}

function defaultContainer(container: Container | EphemeralContainer): void {
  for (const port of container.ports ?? []) defaultPort(port);
  for (const variable of container.env ?? []) {
    const field = variable.valueFrom?.fieldRef;
    if (field !== undefined) field.apiVersion ||= 'v1';
    const resource = variable.valueFrom?.resourceFieldRef;
    if (resource !== undefined) resource.divisor ??= '0';
    const file = variable.valueFrom?.fileKeyRef;
    if (file !== undefined) file.optional ??= false;
  }
  container.resources ??= {};
  roundRequirements(container.resources);
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe !== undefined) defaultProbe(probe);
  }
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (handler?.httpGet !== undefined) defaultHttpGet(handler.httpGet);
  }
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.imagePullPolicy ||= pullPolicyOf(container.image ?? '');
}

function defaultPort(port: ContainerPort): void {
  port.protocol ||= 'TCP';
}

function defaultProbe(probe: Probe): void {
  if (probe.httpGet !== undefined) defaultHttpGet(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= '';
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
}

function defaultHttpGet(action: { path?: string | undefined; scheme?: string | undefined }): void {
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}

/** `Always` for `latest`, said or meant; otherwise what is there is good enough. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  // What is no reference has no tag, either.
  if (!imageReference.test(image) || image.length > maxImageLength) return 'IfNotPresent';
  const [name = '', digest] = image.split('@', 2);
  const tag = /:([^:/]*)$/.exec(name)?.[1];
  const latest = tag === 'latest' || (tag === undefined && digest === undefined);
  return latest ? 'Always' : 'IfNotPresent';
}

/** Longer names are no references. */
const maxImageLength = 255;

/** Source: the grammar of `distribution/reference`. */
const imageReference =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

/** A limit without a request is the request too. */
function requestLimits(container: Container): void {
  const { limits } = container.resources ?? {};
  if (container.resources === undefined || limits === undefined) return;
  container.resources.requests = { ...limits, ...container.resources.requests };
}

/**
 * The same for the pod as a whole, only where its own limits are set: what its containers request together, else the
 * limit. Huge pages that containers are limited to limit the pod. Source: KEP-2837.
 */
function requestPodLimits(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined) return;
  limitHugePages(spec, resources);
  const { limits = {} } = resources;
  if (Object.keys(limits).length === 0) return;
  const requests: Record<string, Quantity> = {};
  for (const [name, limit] of Object.entries(limits)) if (isOfPods(name)) requests[name] = limit;
  for (const name of ['cpu', 'memory']) {
    const sum = amountTogether(spec, 'requests', name);
    if (sum !== undefined) requests[name] = formatQuantity(sum);
  }
  Object.assign(requests, resources.requests);
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

function limitHugePages(spec: PodSpec, resources: ResourceRequirements): void {
  const { limits = {}, requests = {} } = resources;
  if (Object.keys(limits).length + Object.keys(requests).length === 0) return;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers])
    for (const name of Object.keys(container.resources?.limits ?? {})) {
      if (!isHugePages(name) || Object.hasOwn(requests, name) || Object.hasOwn(limits, name)) continue;
      const sum = amountTogether(spec, 'limits', name);
      if (sum !== undefined) limits[name] = formatQuantity(sum);
    }
  if (Object.keys(limits).length > 0) resources.limits = limits;
}

/** Resources that a pod may have as a whole. */
function isOfPods(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePages(name);
}
