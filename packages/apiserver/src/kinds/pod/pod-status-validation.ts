import { dns1123SubdomainErrors, qualifiedNameErrors } from '@kubewright/api';
import type { Container, ContainerStatus, Pod, PodSpec } from '@kubewright/api/core/v1';
import { familyOf, validateAddress } from '../../validation/addresses.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
} from '../../validation/field-error.js';
import { userId, validateFormat } from '../../validation/formats.js';
import { validateImmutable } from '../../validation/immutable.js';
import { validateAnnotationsKept } from './profile-annotations.js';

const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** The status of a pod as a node or the scheduler writes it. Source: `ValidatePodStatusUpdate` of core. */
export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const field = path('status');
  const status = pod.status ?? {};
  const before = old.status ?? {};
  const errors = validateAnnotationsKept(pod, old);
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
  errors.push(...validateStates(pod, old, field), ...validateClaimStatuses(pod, field));
  for (const name of ['podIPs', 'hostIPs'] as const)
    errors.push(...validateAddresses(status[name] ?? [], before[name] ?? [], field.child(name)));
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
      (resource.resources ?? []).forEach(({ resourceID, health = '' }, j) => {
        const one = at.child('resources').index(j);
        if (!['Healthy', 'Unhealthy', 'Unknown'].includes(health))
          errors.push(notSupported(one.child('health'), health, ['Healthy', 'Unhealthy', 'Unknown']));
        if (!resourceID) errors.push(required(one.child('resourceID')));
        else if (seen.has(resourceID)) errors.push(duplicate(one.child('resourceID'), resourceID));
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
  const lists = [
    ['containerStatuses', (name: string, code: number) => mayRestart(spec, name, code)],
    ['initContainerStatuses', (name: string, code: number) => mayRestartInit(spec, name, code)],
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

function mayRestart(spec: PodSpec, name: string, exitCode: number): boolean {
  const container = spec.containers.find((one) => one.name === name);
  for (const { action, exitCodes } of container?.restartPolicyRules ?? []) {
    const listed = (exitCodes?.values ?? []).includes(exitCode);
    const applies = exitCodes?.operator === 'In' ? listed : exitCodes?.operator === 'NotIn' && !listed;
    if (applies && action === 'Restart') return true;
  }
  const policy = container?.restartPolicy ?? spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function mayRestartInit(spec: PodSpec, name: string, exitCode: number): boolean {
  const container = spec.initContainers?.find((one) => one.name === name);
  if (container?.restartPolicy === 'Always') return true;
  // Init containers run again with their pod's sandbox, also those that had succeeded.
  const policy = spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function validateClaimStatuses({ spec, status }: Pod, field: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return (status?.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, index) => {
    const at = field.child('resourceClaimStatuses').index(index).child('name');
    const errors: FieldError[] = [];
    if (!(spec?.resourceClaims ?? []).some((claim) => claim.name === name))
      errors.push(invalid(at, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
    if (resourceClaimName !== undefined)
      errors.push(...validateFormat(dns1123SubdomainErrors, resourceClaimName, at));
    return errors;
  });
}

/** One address, or one of each family. */
function validateAddresses(
  addresses: readonly { ip: string }[],
  old: readonly { ip: string }[],
  field: FieldPath,
): FieldError[] {
  const known = old.map(({ ip }) => ip);
  const errors = addresses.flatMap(({ ip }, index) => validateAddress(ip, field.index(index), known));
  if (errors.length > 0 || addresses.length < 2) return errors;
  const all = addresses.map(({ ip }) => ip);
  // Upstream shows the list in its internal form here.
  const shown = all.map((IP) => ({ IP }));
  const families = new Set(all.map(familyOf));
  if (addresses.length > 2 || families.size !== 2)
    errors.push(invalid(field, shown, 'may specify no more than one IP for each IP family'));
  if (new Set(all).size !== all.length)
    errors.push(
      ...all.flatMap((ip, index) =>
        all.indexOf(ip) < index ? [duplicate(field.index(index), { IP: ip })] : [],
      ),
    );
  return errors;
}
