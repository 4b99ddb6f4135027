import { dns1123LabelErrors, dns1123SubdomainErrors, qualifiedNameErrors } from '@kubewright/api';
import type { Container, ContainerStatus, Pod, PodSpec } from '@kubewright/api/core/v1';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
  tooLong,
} from '../../validation/field-error.js';
import { userId, validateFormat } from '../../validation/formats.js';
import { validateImmutable } from '../../validation/immutable.js';
import { validateAddresses, validateHostAddress } from './pod-address-validation.js';
import { validateAnnotationsUpdate } from './pod-validation.js';

const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** The status of a pod as a node or the scheduler writes it. Source: `ValidatePodStatusUpdate` of core. */
export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const field = path('status');
  const status = pod.status ?? {};
  const before = old.status ?? {};
  const errors = validateAnnotationsUpdate(pod, old);
  (status.conditions ?? []).forEach(({ type, observedGeneration = 0 }, index) => {
    const at = field.child('conditions').index(index);
    if (observedGeneration < 0)
      errors.push(
        invalid(at.child('observedGeneration'), observedGeneration, 'must be a non-negative integer'),
      );
    if (!systemConditions.has(type))
      errors.push(...validateFormat(qualifiedNameErrors, type, at.child('Type')));
  });
  const nominated = status.nominatedNodeName ?? '';
  if (nominated !== '' && nominated !== before.nominatedNodeName) {
    const at = field.child('nominatedNodeName');
    errors.push(...validateFormat(dns1123SubdomainErrors, nominated, at));
    if (old.spec?.nodeName)
      errors.push(forbiddenField(at, 'may not be set on pods that are already bound to a node'));
  }
  if ((status.observedGeneration ?? 0) < 0)
    errors.push(
      invalid(field.child('observedGeneration'), status.observedGeneration, 'must be a non-negative integer'),
    );
  errors.push(...validateImmutable(status.qosClass ?? '', before.qosClass ?? '', field.child('qosClass')));
  errors.push(
    ...validateStates(pod, old, field),
    ...validateClaimStatuses(pod, field),
    ...validateExtendedClaim(pod, field.child('extendedResourceClaimStatus')),
    ...validateAddresses(status.podIPs ?? [], before.podIPs ?? [], field.child('podIPs')),
    ...validateHostAddress(status, field.child('hostIPs')),
    ...validateAddresses(status.hostIPs ?? [], before.hostIPs ?? [], field.child('hostIPs')),
  );
  for (const name of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const)
    errors.push(...validateUsers(status[name] ?? [], pod.spec, field.child(name)));
  for (const name of ['containers', 'initContainers'] as const) {
    const list = name === 'containers' ? 'containerStatuses' : 'initContainerStatuses';
    errors.push(...validateDeviceHealth(status[list] ?? [], pod.spec?.[name] ?? [], field.child(list)));
  }
  return [...errors, ...validateNoDeviceHealth(status.ephemeralContainerStatuses ?? [], field)];
}

/** Whom a container runs as. */
function validateUsers(
  statuses: readonly ContainerStatus[],
  spec: PodSpec | undefined,
  field: FieldPath,
): FieldError[] {
  const os = spec?.os?.name ?? 'linux';
  return statuses.flatMap(({ user }, index) => {
    const at = field.index(index).child('user', 'linux');
    if (user?.linux === undefined) return [];
    if (os === 'windows') return [forbiddenField(at, 'cannot be set for a windows pod')];
    const { uid = 0, gid = 0, supplementalGroups = [] } = user.linux;
    const check = (id: number, place: FieldPath) => userId(id).map((message) => invalid(place, id, message));
    return [
      ...check(uid, at.child('uid')),
      ...check(gid, at.child('gid')),
      ...supplementalGroups.flatMap((group, i) => check(group, at.child('supplementalGroups').index(i))),
    ];
  });
}

/** Bytes of what is said of a device's health. */
const maxHealthMessage = 1024;

/** The health of devices: of resources that the container has, each device once. */
function validateDeviceHealth(
  statuses: readonly ContainerStatus[],
  containers: readonly Container[],
  field: FieldPath,
): FieldError[] {
  return statuses.flatMap(({ name, allocatedResourcesStatus = [] }, index) => {
    const container = containers.find((one) => one.name === name);
    return allocatedResourcesStatus.flatMap((resource, i) => {
      const at = field.index(index).child('allocatedResourcesStatus').index(i);
      const errors: FieldError[] = [];
      if (container !== undefined && !mayHaveHealth(resource.name, container))
        errors.push(
          invalid(
            at.child('name'),
            resource.name,
            resource.name.startsWith('claim:')
              ? "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
              : "must match one of the container's resource requests",
          ),
        );
      const seen = new Set<string>();
      (resource.resources ?? []).forEach(({ resourceID, health = '', message }, j) => {
        const one = at.child('resources').index(j);
        if (!['Healthy', 'Unhealthy', 'Unknown'].includes(health))
          errors.push(notSupported(one.child('health'), health, ['Healthy', 'Unhealthy', 'Unknown']));
        if (message === '') errors.push(required(one.child('message'), 'must be non-empty if specified'));
        else if (message !== undefined && Buffer.byteLength(message) > maxHealthMessage)
          errors.push(tooLong(one.child('message'), maxHealthMessage));
        if (seen.has(resourceID)) errors.push(duplicate(one.child('resourceID'), resourceID));
        seen.add(resourceID);
      });
      return errors;
    });
  });
}

function mayHaveHealth(name: string, { resources = {} }: Container): boolean {
  if (!name.startsWith('claim:')) return Object.hasOwn(resources.requests ?? {}, name);
  return (resources.claims ?? []).some(
    (claim) => name === `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`,
  );
}

function validateNoDeviceHealth(statuses: readonly ContainerStatus[], field: FieldPath): FieldError[] {
  return statuses.flatMap(({ allocatedResourcesStatus = [] }, index) =>
    allocatedResourcesStatus.length === 0
      ? []
      : [
          forbiddenField(
            field.child('ephemeralContainerStatuses').index(index).child('allocatedResourcesStatus'),
            'must not be specified in container status',
          ),
        ],
  );
}

/** A container that ended for good does not run again. */
function validateStates({ status }: Pod, old: Pod, field: FieldPath): FieldError[] {
  const spec = old.spec ?? { containers: [] };
  const all = [...(spec.initContainers ?? []), ...spec.containers].some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  );
  const lists = [
    ['containerStatuses', (name: string, code: number) => all || mayRestart(spec, 'containers', name, code)],
    [
      'initContainerStatuses',
      (name: string, code: number) => all || mayRestart(spec, 'initContainers', name, code),
    ],
    ['ephemeralContainerStatuses', () => false],
  ] as const;
  return lists.flatMap(([list, restarts]) =>
    (old.status?.[list] ?? []).flatMap((before: ContainerStatus, index: number) => {
      const code = before.state?.terminated?.exitCode;
      if (code === undefined) return [];
      const now = (status?.[list] ?? []).find(({ name }) => name === before.name);
      return now === undefined || now.state?.terminated !== undefined || restarts(before.name, code)
        ? []
        : [
            forbiddenField(
              field.child(list).index(index).child('state'),
              'may not be transitioned to non-terminated state',
            ),
          ];
    }),
  );
}

/** Whether a container may run again after it ended: its own rules and policy decide before those of the pod. */
function mayRestart(
  spec: PodSpec,
  list: 'containers' | 'initContainers',
  name: string,
  exitCode: number,
): boolean {
  const container = (spec[list] ?? []).find((one) => one.name === name);
  if (container === undefined) return false;
  const { restartPolicy, restartPolicyRules = [] } = container;
  const rule = restartPolicyRules.find(({ exitCodes }) => {
    const listed = (exitCodes?.values ?? []).includes(exitCode);
    return exitCodes?.operator === 'In' ? listed : exitCodes?.operator === 'NotIn' && !listed;
  });
  if (restartPolicy !== undefined && rule?.action === 'Restart') return true;
  const policy = restartPolicy ?? spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function validateClaimStatuses({ spec, status }: Pod, field: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return (status?.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, index) => {
    const place = field.child('resourceClaimStatuses').index(index);
    const at = place.child('name');
    const errors: FieldError[] = [];
    if (!(spec?.resourceClaims ?? []).some((claim) => claim.name === name))
      errors.push(invalid(at, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
    if (resourceClaimName !== undefined)
      errors.push(
        ...validateFormat(dns1123SubdomainErrors, resourceClaimName, place.child('resourceClaimName')),
      );
    return errors;
  });
}

/** The claim that was made for the pod's extended resources, and which request is for which container. */
function validateExtendedClaim({ spec, status }: Pod, field: FieldPath): FieldError[] {
  const claim = status?.extendedResourceClaimStatus;
  if (claim === undefined) return [];
  const requestMappings = claim.requestMappings ?? [];
  const { resourceClaimName } = claim;
  const containers = new Map(
    [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((one) => [one.name, one]),
  );
  const at = field.child('requestMappings');
  const errors: FieldError[] = [];
  if (requestMappings.length === 0) errors.push(required(at, 'at least one request mapping is required'));
  const seen = new Set<string>();
  requestMappings.forEach((mapping, index) => {
    const { containerName, resourceName, requestName } = mapping;
    const place = at.index(index);
    const container = containers.get(containerName);
    if (container === undefined)
      errors.push(
        invalid(
          place.child('containerName'),
          containerName,
          'must match the name of an entry in spec.initContainers.name or spec.containers.name',
        ),
      );
    else if (!Object.hasOwn(container.resources?.requests ?? {}, resourceName))
      errors.push(
        invalid(
          place.child('resourceName'),
          resourceName,
          'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
        ),
      );
    errors.push(...validateFormat(dns1123LabelErrors, requestName, field.child('requestName')));
    const key = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(key))
      for (const name of ['containerName', 'resourceName', 'requestName'] as const)
        errors.push(duplicate(place.child(name), mapping[name]));
    seen.add(key);
  });
  const claimName = field.child('resourceClaimName');
  errors.push(
    ...(resourceClaimName
      ? validateFormat(dns1123SubdomainErrors, resourceClaimName, claimName)
      : [required(claimName)]),
  );
  return errors;
}
