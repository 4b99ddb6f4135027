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
import { qosClassOf } from './qos-class.js';

export const containerLists = ['containers', 'initContainers'] as const;
const amounts = ['requests', 'limits'] as const;

/** What a resize may change: CPU and memory, of containers and of the pod, that are there already. */
export function validateResize(pod: Pod, old: Pod): FieldError[] {
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
  const whole = validateWhole(spec, before, field);
  errors.push(...whole.errors);
  const order = containerLists.flatMap((list) =>
    validateOrder(spec[list] ?? [], before[list] ?? [], list, field),
  );
  if (order.length > 0) return [...errors, ...order];
  errors.push(
    ...validateKept(spec, before, 'initContainers', field),
    ...validateKept(spec, before, 'containers', field),
  );
  const containers = spec.containers.map((one, index) => masked(one, before.containers[index]));
  containers.forEach((one, index) => {
    if (!sameContainer(one, before.containers[index]))
      errors.push(forbiddenField(field, 'only cpu and memory resources are mutable'));
  });
  const initContainers = (spec.initContainers ?? []).map((one, index) => {
    const own = before.initContainers?.[index];
    const rest = masked(one, own);
    errors.push(...validateInit(one, rest, own, field.child('initContainers').index(index)));
    return rest;
  });
  if (errors.length > 0) return errors;
  const rest = { ...spec, containers, initContainers, resources: whole.resources };
  const same =
    sameValue({ ...rest, ...noContainers }, { ...before, ...noContainers }) &&
    containerLists.every((list) =>
      rest[list].every((one, index) => sameContainer(one, before[list]?.[index])),
    );
  return same ? [] : [forbiddenField(field, 'only cpu and memory resources are mutable')];
}

const noContainers = { containers: [], initContainers: [] };

/** A node that reports the resources of running containers can change them. */
function supportsResize({ status }: Pod): boolean {
  const running = (status?.containerStatuses ?? []).find(({ state }) => state?.running !== undefined);
  return running === undefined || running.resources !== undefined;
}

/** The resources of the pod as a whole, and what they are but for CPU and memory, which are the old ones. */
function validateWhole(
  spec: PodSpec,
  old: PodSpec,
  field: FieldPath,
): { readonly resources: ResourceRequirements | undefined; readonly errors: FieldError[] } {
  const [now, before] = [spec.resources, old.resources];
  if (!hasAmounts(now) && !hasAmounts(before)) return { resources: now, errors: [] };
  if (before !== undefined && now === undefined)
    return {
      resources: now,
      errors: [forbiddenField(field.child('resources'), 'pod-level resources cannot be removed')],
    };
  const errors = amounts
    .filter((list) => isRemoved(now?.[list], before?.[list]))
    .map((list) =>
      forbiddenField(field.child('resources', list), `pod-level resource ${list} cannot be removed`),
    );
  const rest = withOldAmounts(now, before);
  const resources = before === undefined && Object.keys(rest).length === 0 ? undefined : rest;
  if (!sameValue(resources, before && withoutEmpty(before)))
    errors.push(forbiddenField(field, 'only cpu and memory resources are mutable at pod-level'));
  return { resources, errors };
}

function hasAmounts(resources: ResourceRequirements | undefined): boolean {
  return amounts.some((list) => Object.keys(resources?.[list] ?? {}).length > 0);
}

function validateOrder(
  containers: readonly Container[],
  old: readonly Container[],
  list: (typeof containerLists)[number],
  field: FieldPath,
): FieldError[] {
  const at = field.child(list);
  if (containers.length !== old.length)
    return [forbiddenField(at, `${list} may not be added or removed on resize`)];
  return old.flatMap(({ name }, index) =>
    containers[index]?.name === name
      ? []
      : [forbiddenField(at.index(index).child('name'), `${list} may not be renamed or reordered on resize`)],
  );
}

/** What a container has once it keeps, in whatever amount. */
function validateKept(
  spec: PodSpec,
  old: PodSpec,
  list: (typeof containerLists)[number],
  field: FieldPath,
): FieldError[] {
  return (old[list] ?? []).flatMap(({ resources: had }, index) =>
    amounts
      .filter((kind) => isRemoved(spec[list]?.[index]?.resources?.[kind], had?.[kind]))
      .map((kind) =>
        forbiddenField(
          field.child(list).index(index).child('resources', kind),
          `resource ${kind} cannot be removed`,
        ),
      ),
  );
}

type Amounts = Readonly<Record<string, Quantity>>;

function isRemoved(now: Amounts = {}, old: Amounts = {}): boolean {
  return Object.keys(old).some((name) => !Object.hasOwn(now, name));
}

function validateInit(
  container: Container,
  rest: Container,
  old: Container | undefined,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!sameContainer(rest, old))
    errors.push(
      forbiddenField(field, 'only cpu and memory resources for init or sidecar containers are mutable'),
    );
  if (container.restartPolicy !== 'Always' && !sameContainer(container, old))
    for (const { restartPolicy } of container.resizePolicy ?? [])
      if (restartPolicy === 'RestartContainer')
        errors.push(
          forbiddenField(
            field,
            'non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
          ),
        );
  return errors;
}

/** The container with CPU and memory as they were, for a look at the rest. Upstream forgets its claims here. */
function masked(container: Container, old: Container | undefined): Container {
  const { claims: _, ...resources } = withOldAmounts(container.resources, old?.resources);
  return { ...container, resources };
}

function sameContainer(a: Container, b: Container | undefined): boolean {
  return sameValue(
    { ...a, resources: withoutEmpty(a.resources ?? {}) },
    { ...b, resources: withoutEmpty(b?.resources ?? {}) },
  );
}

function withOldAmounts(
  wanted: ResourceRequirements = {},
  old: ResourceRequirements = {},
): ResourceRequirements {
  const list = (name: (typeof amounts)[number]): Amounts => {
    const { cpu: _c, memory: _m, ...others } = wanted[name] ?? {};
    const { cpu, memory } = old[name] ?? {};
    return {
      ...others,
      ...(cpu === undefined ? {} : { cpu }),
      ...(memory === undefined ? {} : { memory }),
    };
  };
  return withoutEmpty({ ...wanted, limits: list('limits'), requests: list('requests') });
}

/** A list of amounts that is empty is none. */
function withoutEmpty({
  limits = {},
  requests = {},
  claims = [],
}: ResourceRequirements): ResourceRequirements {
  return {
    ...(claims.length === 0 ? {} : { claims }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
}
