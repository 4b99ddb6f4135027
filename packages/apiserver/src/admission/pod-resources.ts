import { addQuantities, compareQuantities, type ParsedQuantity, parseQuantity } from '@kubewright/api';
import type { Container, PodSpec } from '@kubewright/api/core/v1';

/** Quantities by the name of their resource. */
export type ResourceList = Readonly<Record<string, ParsedQuantity>>;
type Quantities = Readonly<Record<string, string | number>> | undefined;

/** Resources that a pod can ask for as a whole. */
const podLevel = /^(?:cpu|memory|hugepages-.*)$/;

/**
 * What a pod asks for (`requests`) or may use (`limits`) as a whole: the sum of its containers, or what its greatest
 * init container needs beside the sidecars that run by then, and what the pod itself says. Source: `AggregateContainerRequests`
 * of component-helpers.
 */
export function podResources(spec: PodSpec, of: 'requests' | 'limits'): ResourceList {
  const total: Record<string, ParsedQuantity> = {};
  for (const { resources } of spec.containers) add(total, resources?.[of]);
  const sidecars: Record<string, ParsedQuantity> = {};
  const greatest: Record<string, ParsedQuantity> = {};
  for (const container of spec.initContainers ?? []) {
    const wanted = parsed(container.resources?.[of]);
    if (isSidecar(container)) {
      add(total, wanted);
      add(sidecars, wanted);
      raise(greatest, sidecars);
    } else {
      add(wanted, sidecars);
      raise(greatest, wanted);
    }
  }
  raise(total, greatest);
  for (const [name, quantity] of Object.entries(spec.resources?.[of] ?? {}))
    if (podLevel.test(name)) total[name] = parseQuantity(quantity);
  return total;
}

/** Adds to `total` what a list has. */
export function add(total: Record<string, ParsedQuantity>, list: Quantities | ResourceList): void {
  for (const [name, quantity] of Object.entries(list ?? {}))
    total[name] = total[name] === undefined ? parseQuantity(quantity) : addQuantities(total[name], quantity);
}

export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

function parsed(list: Quantities): Record<string, ParsedQuantity> {
  const result: Record<string, ParsedQuantity> = {};
  add(result, list);
  return result;
}

function raise(total: Record<string, ParsedQuantity>, list: ResourceList): void {
  for (const [name, quantity] of Object.entries(list)) {
    const known = total[name];
    if (known === undefined || compareQuantities(known, quantity) < 0) total[name] = quantity;
  }
}
