import { dns1123LabelErrors, dns1123SubdomainErrors, qualifiedNameErrors } from '@kubewright/api';
import type { Pod, PodSpec, PodTemplateSpec } from '@kubewright/api/core/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { validateAddress } from '../../validation/addresses.js';
import { validateChoice, validateRequiredChoice } from '../../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notFoundField,
  path,
  required,
  tooLong,
} from '../../validation/field-error.js';
import { type Format, inRange, validateFormat } from '../../validation/formats.js';
import { validateLabels } from '../../validation/label-selector.js';
import { validateAnnotations } from '../../validation/object-meta.js';
import {
  type PodSurroundings,
  validateContainers,
  validateEphemeralContainers,
  validateImageSpace,
  validateInitContainers,
} from './container-validation.js';
import { validateDnsConfig } from './dns-validation.js';
import {
  validateAnnotationsKept,
  validateProfileAnnotations,
  validateProfilesMatch,
} from './profile-annotations.js';
import { validateResourceClaims } from './resource-claim-validation.js';
import { validateContainerResources, validatePodResources } from './resource-validation.js';
import {
  validateAffinity,
  validateSchedulingGates,
  validateSpread,
  validateTolerations,
} from './scheduling-validation.js';
import { validateHostUsers, validatePodSecurity } from './security-validation.js';
import { validateVolumes } from './volume-validation.js';
import { validateForSystem, validateHostProcess } from './windows-validation.js';

/** A pod but for its metadata's own rules. Errors stand in upstream's order. */
export function validatePod(pod: Pod): FieldError[] {
  const spec = pod.spec ?? { containers: [] };
  const field = path('spec');
  const errors = [
    ...validatePodAnnotations(pod.metadata, spec, path('metadata', 'annotations')),
    ...validatePodSpec(spec, pod.metadata, field),
  ];
  if (!spec.serviceAccountName) {
    (spec.volumes ?? []).forEach(({ projected }, index) => {
      (projected?.sources ?? []).forEach(({ serviceAccountToken }, sourceIndex) => {
        if (serviceAccountToken !== undefined)
          errors.push(
            forbiddenField(
              field
                .child('volumes')
                .index(index)
                .child('projected', 'sources')
                .index(sourceIndex)
                .child('serviceAccountToken'),
              'must not be specified when serviceAccountName is not set',
            ),
          );
      });
    });
  }
  for (const name of ['containers', 'initContainers'] as const) {
    (spec[name] ?? []).forEach((container, index) => {
      errors.push(...validateImageSpace(container, field.child(name).index(index)));
    });
  }
  return errors;
}

/** What holds for new pods only. */
export function validateNewPod(pod: Pod): FieldError[] {
  const { ephemeralContainers = [], nodeName, schedulingGates = [] } = pod.spec ?? {};
  const field = path('spec');
  const errors: FieldError[] = [];
  if (ephemeralContainers.length > 0)
    errors.push(forbiddenField(field.child('ephemeralContainers'), 'cannot be set on create'));
  if (nodeName && schedulingGates.length > 0)
    errors.push(
      forbiddenField(field.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'),
    );
  return [...errors, ...validateProfilesMatch(pod)];
}

/** The template of a workload, with the metadata that its pods get. */
export function validatePodTemplate(template: PodTemplateSpec, field: FieldPath): FieldError[] {
  const spec = template.spec ?? { containers: [] };
  const annotations = field.child('annotations');
  const errors = [
    ...validateLabels(template.metadata?.labels, field.child('labels')),
    ...validateAnnotations(template.metadata?.annotations, annotations),
    ...validatePodAnnotations(template.metadata ?? {}, spec, annotations),
    ...validatePodSpec(spec, undefined, field.child('spec')),
  ];
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(
      forbiddenField(
        field.child('spec', 'ephemeralContainers'),
        'ephemeral containers not allowed in pod template',
      ),
    );
  return errors;
}

/** @param meta of a real pod; the spec of a template has none */
function validatePodSpec(spec: PodSpec, meta: ObjectMeta | undefined, field: FieldPath): FieldError[] {
  const { volumes, errors } = validateVolumes(spec.volumes ?? [], meta, field.child('volumes'));
  const surroundings: PodSurroundings = { spec, volumes };
  return [
    ...(spec.terminationGracePeriodSeconds === undefined
      ? [required(field.child('terminationGracePeriodSeconds'))]
      : []),
    ...errors,
    ...validateResourceClaims(spec, meta, field.child('resourceClaims')),
    ...validateContainers(surroundings, field.child('containers')),
    ...validateInitContainers(surroundings, field.child('initContainers')),
    ...validateEphemeralContainers(surroundings, field.child('ephemeralContainers')),
    ...validatePodResources(spec, field),
    ...validateHostNetwork(spec, meta !== undefined, field),
    ...validateRequiredChoice(
      spec.restartPolicy,
      ['Always', 'OnFailure', 'Never'],
      field.child('restartPolicy'),
    ),
    ...validateRequiredChoice(
      spec.dnsPolicy,
      ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'],
      field.child('dnsPolicy'),
    ),
    ...validateLabels(spec.nodeSelector, field.child('nodeSelector')),
    ...validatePodSecurity(spec, field.child('securityContext')),
    ...validateAffinity(spec.affinity, field.child('affinity')),
    ...validateDnsConfig(spec, field.child('dnsConfig')),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, index) =>
      validateFormat(
        qualifiedNameErrors,
        conditionType,
        field.child('readinessGates').index(index).child('conditionType'),
      ),
    ),
    ...validateSchedulingGates(spec.schedulingGates ?? [], field.child('schedulingGates')),
    ...validateSpread(spec.topologySpreadConstraints ?? [], field.child('topologySpreadConstraints')),
    ...validateHostProcess(spec, field),
    ...validateHostUsers(spec, field),
    ...validateHostnameOverride(spec, field),
    ...validateNames(spec, field),
    ...validateEnvFiles(spec, field),
  ];
}

/** Names of other objects, of the host, and the rest that stands for itself. */
function validateNames(spec: PodSpec, field: FieldPath): FieldError[] {
  const named = (
    name: 'serviceAccountName' | 'nodeName' | 'hostname' | 'subdomain' | 'priorityClassName',
    format: Format,
  ) => (spec[name] ? validateFormat(format, spec[name], field.child(name)) : []);
  const errors = [
    ...named('serviceAccountName', dns1123SubdomainErrors),
    ...named('nodeName', dns1123SubdomainErrors),
  ];
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > maxInt32))
    errors.push(invalid(field.child('activeDeadlineSeconds'), deadline, inRange(1, maxInt32)));
  errors.push(
    ...named('hostname', dns1123LabelErrors),
    ...named('subdomain', dns1123LabelErrors),
    ...validateTolerations(spec.tolerations ?? [], field.child('tolerations')),
    ...(spec.hostAliases ?? []).flatMap(({ ip, hostnames = [] }, index) => [
      ...validateAddress(ip ?? '', field.child('hostAliases').index(index).child('ip')),
      ...hostnames.flatMap((hostname, nameIndex) =>
        validateFormat(
          dns1123SubdomainErrors,
          hostname,
          field.child('hostAliases').index(index).child('hostnames').index(nameIndex),
        ),
      ),
    ]),
    ...named('priorityClassName', dns1123SubdomainErrors),
  );
  if (spec.runtimeClassName !== undefined)
    errors.push(
      ...validateFormat(dns1123SubdomainErrors, spec.runtimeClassName, field.child('runtimeClassName')),
    );
  if (spec.preemptionPolicy !== undefined)
    errors.push(
      ...validateRequiredChoice(
        spec.preemptionPolicy,
        ['PreemptLowerPriority', 'Never'],
        field.child('preemptionPolicy'),
      ),
    );
  if (spec.overhead !== undefined)
    errors.push(...validateContainerResources({ limits: spec.overhead }, spec, field.child('overhead')));
  if (spec.os !== undefined) {
    if (!spec.os.name) errors.push(required(field.child('os', 'name')));
    else errors.push(...validateChoice(spec.os.name, ['linux', 'windows'], field.child('os')));
  }
  return [...errors, ...validateForSystem(spec, field)];
}

export const maxInt32 = 2147483647;

function validateHostNetwork(spec: PodSpec, isPod: boolean, field: FieldPath): FieldError[] {
  if (spec.hostNetwork !== true) return [];
  return spec.containers.flatMap(({ ports = [] }, index) =>
    ports.flatMap((port, portIndex) => {
      const hostPort = port.hostPort ?? 0;
      // A template may leave the host port out: the pod gets it by default.
      if (hostPort === port.containerPort || (!isPod && hostPort === 0)) return [];
      return [
        invalid(
          field.child('containers').index(index).child('ports').index(portIndex).child('hostPort'),
          hostPort,
          'must match `containerPort` when `hostNetwork` is true',
        ),
      ];
    }),
  );
}

function validateHostnameOverride(spec: PodSpec, field: FieldPath): FieldError[] {
  const name = spec.hostnameOverride;
  if (name === undefined) return [];
  const at = field.child('hostnameOverride');
  const errors: FieldError[] = [];
  if (spec.setHostnameAsFQDN === true)
    errors.push(forbiddenField(at, 'may not be specified when setHostnameAsFQDN is true'));
  if (spec.hostNetwork === true)
    errors.push(forbiddenField(at, 'may not be specified when hostNetwork is true'));
  if (name.length > 64) errors.push(tooLong(at, 64));
  return [...errors, ...validateFormat(dns1123SubdomainErrors, name, at)];
}

/** Files of variables stand in empty directories, which init containers fill. Source: KEP-3721. */
function validateEnvFiles(spec: PodSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [index, { env = [] }] of spec[list]?.entries() ?? []) {
      for (const [envIndex, { valueFrom }] of env.entries()) {
        const name = valueFrom?.fileKeyRef?.volumeName;
        if (name === undefined) continue;
        const at = field
          .child(list)
          .index(index)
          .child('env')
          .index(envIndex)
          .child('valueFrom', 'fileKeyRef', 'volumeName');
        const volume = spec.volumes?.findLast((one) => one.name === name);
        if (volume === undefined) errors.push(notFoundField(at, name));
        else if (volume.emptyDir === undefined)
          errors.push(invalid(at, name, 'referenced volume must be of type emptyDir'));
      }
    }
  }
  return errors;
}

const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

/** Annotations of old that mean something to pods. */
export function validatePodAnnotations(
  { annotations = {} }: ObjectMeta,
  spec: PodSpec,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (annotations[mirror] !== undefined && !spec.nodeName)
    errors.push(
      invalid(
        field.key(mirror),
        annotations[mirror],
        'must set spec.nodeName if mirror pod annotation is set',
      ),
    );
  const cost = annotations[deletionCost];
  if (cost !== undefined && !isInt32(cost))
    errors.push(invalid(field.key(deletionCost), cost, 'must be a 32bit integer'));
  errors.push(...validateProfileAnnotations({ annotations }, spec, field));
  return errors;
}

/** Annotations of a pod that changes; what holds for all of them is said once more, as upstream does. */
export function validateAnnotationsUpdate(pod: Pod, old: Pod): FieldError[] {
  return [
    ...validateAnnotationsKept(pod, old),
    ...validatePodAnnotations(pod.metadata, pod.spec ?? { containers: [] }, path('metadata', 'annotations')),
  ];
}

function isInt32(value: string): boolean {
  return /^(0|-?[1-9][0-9]{0,9})$/.test(value) && Math.abs(Number(value)) <= maxInt32;
}
