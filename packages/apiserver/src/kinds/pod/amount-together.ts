import { addQuantities, compareQuantities, type ParsedQuantity } from '@kubewright/api';
import type { PodSpec } from '@kubewright/api/core/v1';
import type { Quantity } from '@kubewright/api/meta/v1';

/**
 * What the containers of a pod request, or are limited to, at the same time: init containers run one by one beside
 * the sidecars before them, the rest runs together. Undefined where none names the resource.
 */
export function amountTogether(
  spec: PodSpec,
  list: 'requests' | 'limits',
  name: string,
): ParsedQuantity | undefined {
  let running: ParsedQuantity | undefined;
  let peak: ParsedQuantity | undefined;
  const plus = (quantity: Quantity | undefined) =>
    quantity === undefined ? running : addQuantities(running ?? '0', quantity);
  for (const { restartPolicy, resources } of spec.initContainers ?? []) {
    const sum = plus(resources?.[list]?.[name]);
    if (restartPolicy === 'Always') running = sum;
    else if (sum !== undefined && (peak === undefined || compareQuantities(sum, peak) > 0)) peak = sum;
  }
  for (const { resources } of spec.containers) running = plus(resources?.[list]?.[name]);
  if (running === undefined || peak === undefined) return running ?? peak;
  return compareQuantities(running, peak) > 0 ? running : peak;
}
