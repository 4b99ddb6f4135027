import { dns1123LabelErrors, portNameErrors } from '@kubewright/api';
import type { Container, ContainerPort, EphemeralContainer, PodSpec, Volume } from '@kubewright/api/core/v1';
import { validateChoice, validateRequiredChoice } from '../../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notFoundField,
  required,
  tooMany,
} from '../../validation/field-error.js';
import { portNumber, validateFormat } from '../../validation/formats.js';
import { validateEnv, validateEnvFrom } from './env-validation.js';
import { validateLifecycle, validateProbes } from './handler-validation.js';
import { validateDevices, validateMounts } from './mount-validation.js';
import { validateContainerResources } from './resource-validation.js';
import { validateContainerSecurity } from './security-validation.js';

/** What the containers of a pod are checked against. */
export interface PodSurroundings {
  readonly spec: PodSpec;
  /** The volumes that are right in themselves. */
  readonly volumes: ReadonlyMap<string, Volume>;
}

export const protocols = ['SCTP', 'TCP', 'UDP'];

export function validateContainers(surroundings: PodSurroundings, field: FieldPath): FieldError[] {
  const { spec } = surroundings;
  if (spec.containers.length === 0) return [required(field)];
  const names = new Set<string>();
  const errors: FieldError[] = [];
  spec.containers.forEach((container, index) => {
    const at = field.index(index);
    errors.push(...validateContainer(container, surroundings, at));
    if (names.has(container.name)) errors.push(duplicate(at.child('name'), container.name));
    names.add(container.name);
    errors.push(...validateRunning(container, spec, at));
    errors.push(...validateRestartPolicy(container, at));
  });
  errors.push(...validateHostPorts(spec.containers, field));
  return errors;
}

export function validateInitContainers(surroundings: PodSurroundings, field: FieldPath): FieldError[] {
  const { spec } = surroundings;
  const names = new Set(spec.containers.map(({ name }) => name));
  const errors: FieldError[] = [];
  (spec.initContainers ?? []).forEach((container, index) => {
    const at = field.index(index);
    const sidecar = container.restartPolicy === 'Always';
    errors.push(...validateContainer(container, surroundings, at));
    if (sidecar) {
      if ((container.restartPolicyRules ?? []).length > 0)
        errors.push(
          forbiddenField(
            at.child('restartPolicyRules'),
            'restartPolicyRules are not allowed for init containers with restart policy Always',
          ),
        );
    } else if (container.restartPolicy !== undefined) errors.push(...validateRestartPolicy(container, at));
    if (names.has(container.name)) errors.push(duplicate(at.child('name'), container.name));
    else if (container.name) names.add(container.name);
    errors.push(...validateHostPorts([container], field));
    errors.push(...(sidecar ? validateRunning(container, spec, at) : onlyForSidecars(container, at)));
  });
  return errors;
}

export function validateEphemeralContainers(surroundings: PodSurroundings, field: FieldPath): FieldError[] {
  const { spec } = surroundings;
  const others = new Set([...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  return (spec.ephemeralContainers ?? []).flatMap((container, index) => {
    const at = field.index(index);
    const errors = [...validateContainer(container, surroundings, at), ...validateImageSpace(container, at)];
    if (names.has(container.name)) errors.push(duplicate(at.child('name'), container.name));
    names.add(container.name);
    const target = container.targetContainerName ?? '';
    if (target !== '' && !others.has(target))
      errors.push(notFoundField(at.child('targetContainerName'), target));
    for (const name of notEphemeral) {
      const value = container[name];
      // Resources are there always.
      const isSet = value !== undefined && (name !== 'resources' || Object.keys(value).length > 0);
      if (isSet) errors.push(forbiddenField(at.child(name), 'cannot be set for an Ephemeral Container'));
    }
    (container.volumeMounts ?? []).forEach((mount, mountIndex) => {
      for (const name of ['subPath', 'subPathExpr'] as const) {
        if (mount[name])
          errors.push(
            forbiddenField(
              at.child('volumeMounts').index(mountIndex).child(name),
              'cannot be set for an Ephemeral Container',
            ),
          );
      }
    });
    return errors;
  });
}

const notEphemeral = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const satisfies readonly (keyof EphemeralContainer)[];

/** Only real pods mind spaces around the image; templates of old had them. */
export function validateImageSpace(
  { image = '' }: { image?: string | undefined },
  field: FieldPath,
): FieldError[] {
  return image === image.trim()
    ? []
    : [invalid(field.child('image'), image, 'must not have leading or trailing whitespace')];
}

function validateContainer(
  container: Container | EphemeralContainer,
  { spec, volumes }: PodSurroundings,
  field: FieldPath,
): FieldError[] {
  return [
    ...(container.name
      ? validateFormat(dns1123LabelErrors, container.name, field.child('name'))
      : [required(field.child('name'))]),
    ...(container.image ? [] : [required(field.child('image'))]),
    ...validateRequiredChoice(
      container.terminationMessagePolicy,
      ['File', 'FallbackToLogsOnError'],
      field.child('terminationMessagePolicy'),
    ),
    ...validatePorts(container.ports ?? [], field.child('ports')),
    ...validateEnv(container.env ?? [], field.child('env')),
    ...validateEnvFrom(container.envFrom ?? [], field.child('envFrom')),
    ...validateMounts(container, volumes, field.child('volumeMounts')),
    ...validateDevices(container, volumes, field.child('volumeDevices')),
    ...validatePullPolicy(container.imagePullPolicy, field.child('imagePullPolicy')),
    ...validateContainerResources(container.resources ?? {}, spec, field.child('resources')),
    ...validateResizePolicy(container, spec, field.child('resizePolicy')),
    ...validateContainerSecurity(container.securityContext, spec, field.child('securityContext')),
  ];
}

export function validatePullPolicy(policy: string | undefined, field: FieldPath): FieldError[] {
  return validateRequiredChoice(policy, ['Always', 'IfNotPresent', 'Never'], field);
}

function validatePorts(ports: readonly ContainerPort[], field: FieldPath): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = field.index(index);
    const errors: FieldError[] = [];
    if (port.name) {
      const wrong = validateFormat(portNameErrors, port.name, at.child('name'));
      errors.push(...wrong);
      if (wrong.length === 0 && names.has(port.name)) errors.push(duplicate(at.child('name'), port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(at.child('containerPort')));
    else errors.push(...validatePortNumber(port.containerPort, at.child('containerPort')));
    if (port.hostPort) errors.push(...validatePortNumber(port.hostPort, at.child('hostPort')));
    errors.push(...validateRequiredChoice(port.protocol, protocols, at.child('protocol')));
    return errors;
  });
}

export function validatePortNumber(port: number, field: FieldPath): FieldError[] {
  return portNumber(port).map((message) => invalid(field, port, message));
}

function validateHostPorts(containers: readonly Container[], field: FieldPath): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap((container, index) =>
    (container.ports ?? []).flatMap((port, portIndex) => {
      if (!port.hostPort) return [];
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key))
        return [duplicate(field.index(index).child('ports').index(portIndex).child('hostPort'), key)];
      taken.add(key);
      return [];
    }),
  );
}

function validateRunning(container: Container, spec: PodSpec, field: FieldPath): FieldError[] {
  return [
    ...validateLifecycle(container.lifecycle, spec, field.child('lifecycle')),
    ...validateProbes(container, spec, field),
  ];
}

function onlyForSidecars(container: Container, field: FieldPath): FieldError[] {
  return (['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    .filter((name) => container[name] !== undefined)
    .map((name) =>
      forbiddenField(field.child(name), 'may not be set for init containers without restartPolicy=Always'),
    );
}

function validateRestartPolicy(container: Container, field: FieldPath): FieldError[] {
  const rules = container.restartPolicyRules ?? [];
  const errors: FieldError[] = [];
  if (container.restartPolicy === undefined) {
    if (rules.length === 0) return [];
    errors.push(
      required(field.child('restartPolicy'), 'must specify restartPolicy when restart rules are used'),
    );
  } else
    errors.push(
      ...validateChoice(
        container.restartPolicy,
        ['Always', 'Never', 'OnFailure'],
        field.child('restartPolicy'),
      ),
    );
  const rulesField = field.child('restartPolicyRules');
  if (rules.length > 20) errors.push(tooMany(rulesField, rules.length, 20));
  rules.forEach((rule, index) => {
    const at = rulesField.index(index);
    errors.push(
      ...validateChoice(rule.action ?? '', ['Restart', 'RestartAllContainers'], at.child('action')),
    );
    if (rule.exitCodes === undefined) errors.push(required(at.child('exitCodes'), 'must be specified'));
    else
      errors.push(
        ...validateChoice(rule.exitCodes.operator ?? '', ['In', 'NotIn'], at.child('exitCodes', 'operator')),
      );
  });
  return errors;
}

function validateResizePolicy(container: Container, spec: PodSpec, field: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return (container.resizePolicy ?? []).flatMap((policy, index) => {
    const errors: FieldError[] = [];
    if (seen.has(policy.resourceName)) errors.push(duplicate(field.index(index), policy.resourceName));
    seen.add(policy.resourceName);
    errors.push(...validateRequiredChoice(policy.resourceName, ['cpu', 'memory'], field));
    errors.push(...validateRequiredChoice(policy.restartPolicy, ['NotRequired', 'RestartContainer'], field));
    if (spec.restartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired')
      errors.push(
        invalid(field, policy.restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"),
      );
    return errors;
  });
}
