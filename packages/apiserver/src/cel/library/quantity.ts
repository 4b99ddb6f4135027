import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type ParsedQuantity,
  parseQuantity,
  QuantityError,
  subtractQuantities,
} from '@kubewright/api';
import type { FunctionDeclaration } from '../functions/declaration.js';
import { BOOL, type CelType, DOUBLE, INT, objectType, STRING } from '../types.js';
import { CelValue } from '../values/cel-value.js';
import { EvaluationError } from '../values/evaluation-error.js';
import { canonicalInt, type Integer, maxInt, minInt } from '../values/integers.js';
import { boxDouble } from '../values/value.js';
import { scanCost } from './costs.js';
import { global, method, named } from './define.js';

export const quantityType = objectType('kubernetes.Quantity');
const nano = 1_000_000_000n;

class Quantity extends CelValue {
  readonly quantity: ParsedQuantity;

  constructor(quantity: ParsedQuantity) {
    super();
    this.quantity = quantity;
  }

  get type(): CelType {
    return quantityType;
  }

  equals(other: unknown): boolean {
    return other instanceof Quantity && this.compare(other) === 0;
  }

  compare(other: Quantity): number {
    return compareQuantities(this.quantity, other.quantity);
  }

  override toString(): string {
    return formatQuantity(this.quantity);
  }
}

const pair = [quantityType, quantityType] as const;

/** Kubernetes' quantity library. */
export const quantityFunctions: readonly FunctionDeclaration[] = [
  named('quantity', global(['string_to_quantity', [STRING], quantityType], parse, scanCost())),
  named('isQuantity', global(['is_quantity_string', [STRING], BOOL], isQuantity, scanCost())),
  named(
    'sign',
    global(['quantity_sign', [quantityType], INT], ({ quantity }: Quantity) => sign(quantity.nanos)),
  ),
  named(
    'isGreaterThan',
    method(['quantity_is_greater_than', pair, BOOL], (a: Quantity, b: Quantity) => a.compare(b) > 0),
  ),
  named(
    'isLessThan',
    method(['quantity_is_less_than', pair, BOOL], (a: Quantity, b: Quantity) => a.compare(b) < 0),
  ),
  named(
    'compareTo',
    method(['quantity_compare_to', pair, INT], (a: Quantity, b: Quantity) => a.compare(b)),
  ),
  named(
    'asApproximateFloat',
    method(['quantity_get_float', [quantityType], DOUBLE], ({ quantity }: Quantity) =>
      boxDouble(Number(quantity.nanos) / Number(nano)),
    ),
  ),
  named('asInteger', method(['quantity_get_int', [quantityType], INT], asInteger)),
  named('isInteger', method(['quantity_is_integer', [quantityType], BOOL], isInteger)),
  named(
    'add',
    method(
      ['quantity_add', pair, quantityType],
      (a: Quantity, b: Quantity) => new Quantity(addQuantities(a.quantity, b.quantity)),
    ),
    method(
      ['quantity_add_int', [quantityType, INT], quantityType],
      (a: Quantity, b: Integer) => new Quantity(addQuantities(a.quantity, whole(b))),
    ),
  ),
  named(
    'sub',
    method(
      ['quantity_sub', pair, quantityType],
      (a: Quantity, b: Quantity) => new Quantity(subtractQuantities(a.quantity, b.quantity)),
    ),
    method(
      ['quantity_sub_int', [quantityType, INT], quantityType],
      (a: Quantity, b: Integer) => new Quantity(subtractQuantities(a.quantity, whole(b))),
    ),
  ),
];

function parse(text: string): Quantity {
  try {
    return new Quantity(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) throw new EvaluationError(error.message);
    throw error;
  }
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

function whole(value: Integer): ParsedQuantity {
  return { nanos: BigInt(value) * nano, format: 'DecimalExponent' };
}

function sign(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}

function isInteger({ quantity: { nanos } }: Quantity): boolean {
  const value = nanos / nano;
  return nanos % nano === 0n && value >= minInt && value <= maxInt;
}

function asInteger(quantity: Quantity): Integer {
  if (!isInteger(quantity)) throw new EvaluationError('cannot convert value to integer');
  return canonicalInt(quantity.quantity.nanos / nano);
}
