import { type Place, pathOf, type SchemaProblem } from './schema-problem.js';
import type { StructuralSchema } from './structural-schema.js';

/** Where what a check finds goes. */
interface Found {
  matches: number;
  add(problem: SchemaProblem): void;
}

/** Bounds, factors and the range of the format. Source: kube-openapi's `numberValidator`. */
export function checkNumber(
  { schema, types, format }: StructuralSchema,
  value: number | bigint,
  place: Place | undefined,
  found: Found,
): void {
  found.matches++;
  const { exclusiveMinimum, exclusiveMaximum } = schema;
  // Of whole numbers upstream takes the whole part of the bounds.
  const isWhole = typeof value === 'bigint' || Number.isInteger(value);
  const bound = (given: number | undefined) => (given === undefined || !isWhole ? given : Math.trunc(given));
  const minimum = bound(schema.minimum);
  const maximum = bound(schema.maximum);
  const multipleOf = bound(schema.multipleOf) || schema.multipleOf;
  const type = types.length === 1 ? types[0] : undefined;
  if (!isInRange(value, type, format)) {
    const named = format === '' ? '(default format)' : `with format ${format}`;
    const message = `Checked value must be of type ${type ?? ''} ${named} in ${pathOf(place)}`;
    found.add({ path: pathOf(place), kind: 'whole', message });
  }
  const tell = (what: string) => {
    const path = pathOf(place);
    found.add({ path, kind: 'other', message: `${path} in body should be ${what}`, value });
  };
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) tell(`a multiple of ${multipleOf}`);
  if (maximum !== undefined) {
    if (exclusiveMaximum) {
      if (value >= maximum) tell(`less than ${maximum}`);
    } else if (value > maximum) tell(`less than or equal to ${maximum}`);
  }
  if (minimum !== undefined) {
    if (exclusiveMinimum) {
      if (value <= minimum) tell(`greater than ${minimum}`);
    } else if (value < minimum) tell(`greater than or equal to ${minimum}`);
  }
}

function isInRange(value: number | bigint, type: string | undefined, format: string): boolean {
  if (type === 'number') return format !== 'float' || Number.isFinite(Math.fround(Number(value)));
  if (type !== 'integer') return true;
  if (typeof value === 'number' && !Number.isInteger(value)) return false;
  return BigInt.asIntN(format === 'int32' ? 32 : 64, BigInt(value)) === BigInt(value);
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (typeof value === 'bigint' && Number.isInteger(factor)) return value % BigInt(factor) === 0n;
  const quotient = Number(value) / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}
