import { parseQuantity, type QuantityLike } from '@kubewright/api';

/** The number that a quantity stands for, exact enough for what one machine has. @throws QuantityError */
export function numeric(quantity: QuantityLike): number {
  return Number(parseQuantity(quantity).nanos) / 1e9;
}
