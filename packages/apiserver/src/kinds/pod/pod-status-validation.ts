import { dns1123SubdomainErrors, qualifiedNameErrors } from '@kubewright/api';
import type { ContainerStatus, Pod, PodSpec } from '@kubewright/api/core/v1';
import { familyOf, validateAddress } from '../../validation/addresses.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
} from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
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
  errors.push(...validateStates(pod, old, field), ...validateClaimStatuses(pod, field));
  for (const name of ['podIPs', 'hostIPs'] as const)
    errors.push(...validateAddresses(status[name] ?? [], before[name] ?? [], field.child(name)));
  return errors;
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
