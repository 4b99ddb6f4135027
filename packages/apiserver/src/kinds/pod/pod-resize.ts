import type { Container, Pod, PodSpec, ResourceRequirements } from '@kubewright/api/core/v1';
import type { Quantity } from '@kubewright/api/meta/v1';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
} from '../../validation/field-error.js';
import { sameValue } from '../../validation/immutable.js';
import type { SubresourceRules } from '../kind-rules.js';
import { keepMetadata } from './keep-metadata.js';
import { validatePod } from './pod-validation.js';
import { qosClassOf } from './qos-class.js';

const mirror = 'kubernetes.io/config.mirror';

/** CPU and memory of a running pod change in place. Source: KEP-1287, `ValidatePodResize` of core. */
export const podResize: SubresourceRules<Pod> = {
  prepareForUpdate(pod, old) {
    const before = old.spec ?? { containers: [] };
    const wanted = pod.spec ?? { containers: [] };
    pod.spec = {
      ...before,
      containers: withResources(wanted.containers, before.containers),
      ...(before.initContainers === undefined && wanted.initContainers === undefined
        ? {}
        : { initContainers: withResources(wanted.initContainers ?? [], before.initContainers ?? []) }),
      ...(wanted.resources === undefined ? {} : { resources: wanted.resources }),
    };
    pod.status = old.status;
    keepMetadata(pod, old);
  },
  validateUpdate(pod, old) {
    if (old.metadata.annotations?.[mirror] !== undefined)
      return [forbiddenField(path(''), 'static pods cannot be resized')];
    if (old.spec?.os?.name === 'windows') return [forbiddenField(path(''), 'windows pods cannot be resized')];
    return [...validatePod(pod), ...validateResize(pod, old)];
  },
};

/** Of the wanted containers nothing but resources counts; order and names are left for validation to judge. */
function withResources(wanted: readonly Container[], before: readonly Container[]): Container[] {
  return wanted.map((container) => {
    const own = before.find(({ name }) => name === container.name);
    if (own === undefined) return container;
    const { resources, resizePolicy } = container;
    return {
      ...own,
      ...(resources === undefined ? {} : { resources }),
      ...(resizePolicy === undefined ? {} : { resizePolicy }),
    };
  });
}

function validateResize(pod: Pod, old: Pod): FieldError[] {
  const field = path('spec');
  const spec = pod.spec ?? { containers: [] };
  const before = old.spec ?? { containers: [] };
  const errors: FieldError[] = [];
  if ((old.status?.qosClass ?? qosClassOf(before)) !== qosClassOf(spec))
    errors.push(
      invalid(field, pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'),
    );
  if (!supportsResize(old))
    errors.push(forbiddenField(field, 'Pod running on node without support for resize'));
  const order = [
    ...validateOrder(spec.containers, before.containers, 'containers', field),
    ...validateOrder(spec.initContainers ?? [], before.initContainers ?? [], 'initContainers', field),
  ];
  if (order.length > 0) return [...errors, ...order];
  return [...errors, ...validateKept(spec, before, field), ...validateOnlyCpuAndMemory(spec, before, field)];
}

/** A node that reports the resources of running containers can change them. */
function supportsResize({ status }: Pod): boolean {
  const running = (status?.containerStatuses ?? []).find(({ state }) => state?.running !== undefined);
  return running === undefined || running.resources !== undefined;
}

function validateOrder(
  containers: readonly Container[],
  old: readonly Container[],
  list: 'containers' | 'initContainers',
  field: FieldPath,
): FieldError[] {
  if (containers.length !== old.length)
    return [forbiddenField(field.child(list), `${list} may not be added or removed on resize`)];
  return old.flatMap(({ name }, index) =>
    containers[index]?.name === name
      ? []
      : [
          forbiddenField(
            field.child(list).index(index).child('name'),
            `${list} may not be renamed or reordered on resize`,
          ),
        ],
  );
}

/** What a container has once it keeps, in whatever amount. */
function validateKept(spec: PodSpec, before: PodSpec, field: FieldPath): FieldError[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    (before[list] ?? []).flatMap(({ resources: had, restartPolicy }, index) => {
      if (list === 'initContainers' && restartPolicy !== 'Always') return [];
      const has = spec[list]?.[index]?.resources;
      return (['requests', 'limits'] as const)
        .filter((kind) => Object.keys(had?.[kind] ?? {}).some((name) => has?.[kind]?.[name] === undefined))
        .map((kind) =>
          forbiddenField(
            field.child(list).index(index).child('resources', kind),
            `resource ${kind} cannot be removed`,
          ),
        );
    }),
  );
}

function validateOnlyCpuAndMemory(spec: PodSpec, before: PodSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const masked = (container: Container, own: Container | undefined): Container => ({
    ...container,
    resources: withOldAmounts(container.resources, own?.resources),
  });
  spec.containers.forEach((container, index) => {
    const own = before.containers[index];
    if (!sameValue(masked(container, own), { ...own, resources: own?.resources ?? {} }))
      errors.push(forbiddenField(field, 'only cpu and memory resources are mutable'));
  });
  (spec.initContainers ?? []).forEach((container, index) => {
    const own = before.initContainers?.[index];
    if (container.restartPolicy === 'Always') {
      if (!sameValue(masked(container, own), { ...own, resources: own?.resources ?? {} }))
        errors.push(
          forbiddenField(field, 'only cpu and memory resources for sidecar containers are mutable'),
        );
    } else if (!sameValue(container, own))
      errors.push(forbiddenField(field, 'resources for non-sidecar init containers are immutable'));
  });
  return errors;
}

/** The requirements with CPU and memory as they were, for a look at the rest. */
function withOldAmounts(
  wanted: ResourceRequirements = {},
  old: ResourceRequirements = {},
): ResourceRequirements {
  const list = (name: 'limits' | 'requests'): Record<string, Quantity> | undefined => {
    const had = old[name];
    if (had === undefined) return undefined;
    const { cpu: _c, memory: _m, ...others } = wanted[name] ?? {};
    return {
      ...others,
      ...(had.cpu === undefined ? {} : { cpu: had.cpu }),
      ...(had.memory === undefined ? {} : { memory: had.memory }),
    };
  };
  const [limits, requests] = [list('limits'), list('requests')];
  return {
    ...(wanted.claims === undefined ? {} : { claims: wanted.claims }),
    ...(limits === undefined ? {} : { limits }),
    ...(requests === undefined ? {} : { requests }),
  };
}
