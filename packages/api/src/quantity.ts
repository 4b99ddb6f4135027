/** How a quantity was written and is printed again: `1500m`, `64Mi` or `1e3`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** An exact quantity. Upstream keeps values down to nano; what is finer was rounded away from zero. */
export interface ParsedQuantity {
  /** The value in units of 10^-9. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

/** What fields of type Quantity hold: `'500m'`, `'1Gi'`, or a JSON number. */
export type QuantityLike = string | number | ParsedQuantity;

/** A text that is no quantity, worded as upstream words it. */
export class QuantityError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'QuantityError';
  }
}

/**
 * Reads a quantity as apimachinery's `resource.ParseQuantity` does: `0.5`, `100m`, `1.5Gi`, `12e6`. Binary quantities
 * are capped at 2^63-1. Exponents and texts beyond 1000 are refused, where Go would spend time on the digits.
 * @throws QuantityError
 */
export function parseQuantity(quantity: QuantityLike): ParsedQuantity {
  return typeof quantity === 'object' ? quantity : read(String(quantity)).parsed;
}

/** Prints a quantity in canonical form: no fraction, the largest suffix that needs none, nothing lost. */
export function formatQuantity({ nanos, format }: ParsedQuantity): string {
  if (nanos === 0n) return '0';
  const isSmall = nanos > -1024n * one && nanos < 1024n * one;
  if (format === 'BinarySI' && !isSmall && nanos % one === 0n) return binaryText(nanos / one);
  return decimalText(nanos, format === 'DecimalExponent');
}

/**
 * The text that a quantity has after a round trip through Go. Canonical form, except that Go keeps the text of a
 * quantity whose suffix and digits look canonical already (`1.500` and `+1` stay; `1.5` becomes `1500m`).
 * @throws QuantityError
 */
export function canonicalQuantity(quantity: QuantityLike): string {
  if (typeof quantity === 'object') return formatQuantity(quantity);
  const text = String(quantity);
  const { parsed, isKept } = read(text);
  return isKept ? text : formatQuantity(parsed);
}

/** Negative, zero or positive, as a comparison for sorting. */
export function compareQuantities(a: QuantityLike, b: QuantityLike): -1 | 0 | 1 {
  const difference = parseQuantity(a).nanos - parseQuantity(b).nanos;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The sum, in the format of the first unless that is zero, as Go's `Add`. */
export function addQuantities(a: QuantityLike, b: QuantityLike): ParsedQuantity {
  const [left, right] = [parseQuantity(a), parseQuantity(b)];
  return { nanos: left.nanos + right.nanos, format: left.nanos === 0n ? right.format : left.format };
}

/** The difference, in the format of the first unless that is zero, as Go's `Sub`. */
export function subtractQuantities(a: QuantityLike, b: QuantityLike): ParsedQuantity {
  const [left, right] = [parseQuantity(a), parseQuantity(b)];
  return { nanos: left.nanos - right.nanos, format: left.nanos === 0n ? right.format : left.format };
}

/** The value in whole units, rounded away from zero, as Go's `Value`: bytes, or processors. */
export function quantityValue(quantity: QuantityLike): bigint {
  return divideUp(parseQuantity(quantity).nanos, one);
}

/** The value in thousandths, rounded away from zero, as Go's `MilliValue`: the CPU's unit. */
export function quantityMilliValue(quantity: QuantityLike): bigint {
  return divideUp(parseQuantity(quantity).nanos, one / 1000n);
}

const one = 1_000_000_000n;
const maxInt64 = 2n ** 63n - 1n;
const maxExponent = 1000;
const maxLength = 1000;

const pattern = '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$';
const grammar = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const decimalSuffixes = new Map(
  Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]),
);
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

interface Suffix {
  readonly format: QuantityFormat;
  /** Of ten, or of two where the format is binary. */
  readonly exponent: number;
}

interface Reading {
  readonly parsed: ParsedQuantity;
  readonly isKept: boolean;
}

/** The same few texts come again and again, and arithmetic on bigints is slow. */
const readings = new Map<string, Reading>();
const mostReadings = 2048;

function read(text: string): Reading {
  let reading = readings.get(text);
  if (reading === undefined) {
    reading = readAnew(text);
    if (readings.size >= mostReadings) readings.clear();
    readings.set(text, reading);
  }
  return reading;
}

function readAnew(text: string): Reading {
  if (text.length > maxLength) throw new QuantityError('unable to parse numeric part of quantity');
  const match = text === '' ? null : grammar.exec(text);
  if (match === null) throw new QuantityError(`quantities must match the regular expression '${pattern}'`);
  const [, sign = '', whole = '', fraction = '', suffixText = ''] = match;
  const suffix = readSuffix(suffixText);
  const digits = BigInt(`${whole}${fraction}` || '0');
  const scaled =
    suffix.format === 'BinarySI'
      ? scale(digits << BigInt(suffix.exponent), 9 - fraction.length)
      : scale(digits, suffix.exponent + 9 - fraction.length);
  const capped = suffix.format === 'BinarySI' && scaled > maxInt64 * one ? maxInt64 * one : scaled;
  // A binary fraction prints as a decimal, or it would be rounded.
  const format = suffix.format === 'BinarySI' && capped > 0n && capped < one ? 'DecimalSI' : suffix.format;
  return {
    parsed: { nanos: sign === '-' ? -capped : capped, format },
    isKept: keepsText(text, whole || '0', fraction, suffix),
  };
}

function readSuffix(text: string): Suffix {
  const decimal = Object.hasOwn(decimalExponents, text) ? decimalExponents[text] : undefined;
  if (decimal !== undefined) return { format: 'DecimalSI', exponent: decimal };
  const binary = binarySuffixes.indexOf(text);
  if (binary > 0) return { format: 'BinarySI', exponent: binary * 10 };
  const exponent = /^[eE]([-+]?[0-9]+)$/.exec(text)?.[1];
  if (exponent === undefined || Math.abs(Number(exponent)) > maxExponent)
    throw new QuantityError("unable to parse quantity's suffix");
  return { format: 'DecimalExponent', exponent: Number(exponent) };
}

/** Go remembers the text where its fast path finds digits and suffix canonical, and prints that text again. */
function keepsText(text: string, whole: string, fraction: string, { format, exponent }: Suffix): boolean {
  if (text === '0') return true;
  const digits = `${whole}${fraction}`;
  const value = BigInt(digits);
  if (format === 'BinarySI') {
    const isFast = fraction === '' && 15 - whole.length - Math.trunc(exponent * 0.3) - 1 >= 0;
    return isFast && value % 8n !== 0n && value << BigInt(exponent) <= maxInt64;
  }
  const scale = exponent - fraction.length;
  const isFast = digits.length <= 18 && scale >= -9;
  return isFast && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
}

/** `value` times a power of ten, rounded up. */
function scale(value: bigint, exponent: number): bigint {
  if (value === 0n) return 0n;
  return exponent >= 0 ? value * 10n ** BigInt(exponent) : divideUp(value, 10n ** BigInt(-exponent));
}

function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

function binaryText(value: bigint): string {
  let [amount, power] = [value, 0];
  while (amount % 1024n === 0n && power < binarySuffixes.length - 1) {
    amount /= 1024n;
    power++;
  }
  return `${amount}${binarySuffixes[power]}`;
}

function decimalText(nanos: bigint, asExponent: boolean): string {
  let [amount, exponent] = [nanos, -9];
  while (amount % 1000n === 0n) {
    amount /= 1000n;
    exponent += 3;
  }
  const suffix = asExponent ? undefined : decimalSuffixes.get(exponent);
  if (suffix !== undefined) return `${amount}${suffix}`;
  return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
}
