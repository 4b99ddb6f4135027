import { canonicalQuantity, quantityMilliValue } from '@kubewright/api';
import type { Quantity } from '@kubewright/api/meta/v1';

/** Amounts of resources count in thousandths: finer ones are rounded up. */
export function roundResources(list: Record<string, Quantity> | undefined): void {
  for (const name in list) {
    const quantity = list[name];
    // Canonical amounts that are finer end with the sign for it.
    if (typeof quantity !== 'string' || !/[nu]$/.test(quantity)) continue;
    list[name] = canonicalQuantity(`${quantityMilliValue(quantity)}m`);
  }
}

/** Memory in pages of a size, which is part of the name. */
export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}
