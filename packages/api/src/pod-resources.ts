import type { Container, PodSpec } from './generated/core/v1.js';
import { addQuantities, compareQuantities, type ParsedQuantity, parseQuantity } from './quantity.js';

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
  for (const { resources } of spec.containers) addResources(total, resources?.[of]);
  const sidecars: Record<string, ParsedQuantity> = {};
  const greatest: Record<string, ParsedQuantity> = {};
  for (const container of spec.initContainers ?? []) {
    const wanted = parsed(container.resources?.[of]);
    if (isSidecar(container)) {
      addResources(total, wanted);
      addResources(sidecars, wanted);
      raise(greatest, sidecars);
    } else {
      addResources(wanted, sidecars);
      raise(greatest, wanted);
    }
  }
  raise(total, greatest);
  for (const [name, quantity] of Object.entries(spec.resources?.[of] ?? {}))
    if (podLevel.test(name)) total[name] = parseQuantity(quantity);
  return total;
}

/** Adds to `total` what a list has. */
export function addResources(total: Record<string, ParsedQuantity>, list: Quantities | ResourceList): void {
  for (const [name, quantity] of Object.entries(list ?? {}))
    total[name] = total[name] === undefined ? parseQuantity(quantity) : addQuantities(total[name], quantity);
}

export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

function parsed(list: Quantities): Record<string, ParsedQuantity> {
  const result: Record<string, ParsedQuantity> = {};
  addResources(result, list);
  return result;
}

function raise(total: Record<string, ParsedQuantity>, list: ResourceList): void {
  for (const [name, quantity] of Object.entries(list)) {
    const known = total[name];
    if (known === undefined || compareQuantities(known, quantity) < 0) total[name] = quantity;
  }
}
