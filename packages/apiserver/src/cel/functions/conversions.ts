import { sizeOf, traversal, traversalFactor } from '../cost/factors.js';
import { scaled } from '../cost/ranges.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  STRING,
  TIMESTAMP,
  typeName,
  UINT,
} from '../types.js';
import type { Double } from '../values/double.js';
import { type Duration, parseDuration } from '../values/duration.js';
import { EvaluationError } from '../values/evaluation-error.js';
import { canonicalInt, type Integer, int, maxInt, maxUint, minInt, uint } from '../values/integers.js';
import { formatDouble } from '../values/text.js';
import { parseTimestamp, Timestamp } from '../values/timestamp.js';
import { Uint } from '../values/uint.js';
import { boxDouble, unboxDouble, type Value } from '../values/value.js';
import type { CallCost, FunctionDeclaration, Overload } from './declaration.js';

/** A text is copied; a character has up to four bytes. */
const toBytesCost: CallCost = {
  estimate: ({ args: [text] }) => ({
    cost: scaled(text!.size, traversalFactor),
    size: { min: text!.size.min, max: text!.size.max * 4 },
  }),
  actual: ([text]) => traversal(sizeOf(text!)),
};
const toStringCost: CallCost = {
  estimate: ({ args: [bytes] }) => ({
    cost: scaled(bytes!.size, traversalFactor),
    size: { min: Math.floor(bytes!.size.min / 4), max: bytes!.size.max },
  }),
  actual: ([bytes]) => traversal(sizeOf(bytes!)),
};

const fatalDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `int(x)`, `string(x)`, …: the functions that are named after the type they give. */
export const conversions: readonly FunctionDeclaration[] = [
  conversion('bool', BOOL, same(BOOL, 'bool'), from(STRING, 'string_to_bool', boolOf)),
  conversion(
    'bytes',
    BYTES,
    same(BYTES, 'bytes'),
    from(STRING, 'string_to_bytes', (text) => new TextEncoder().encode(text as string), toBytesCost),
  ),
  conversion(
    'double',
    DOUBLE,
    same(DOUBLE, 'double'),
    from(INT, 'int64_to_double', (value) => boxDouble(Number(value as Integer))),
    from(STRING, 'string_to_double', doubleOf),
    from(UINT, 'uint64_to_double', (value) => boxDouble(Number((value as Uint).value))),
  ),
  conversion(
    'duration',
    DURATION,
    same(DURATION, 'duration'),
    from(STRING, 'string_to_duration', (text) => parseDuration(text as string) ?? failed(STRING, DURATION)),
  ),
  conversion(
    'int',
    INT,
    same(INT, 'int64'),
    from(DOUBLE, 'double_to_int64', (value) => wholeNumber(unboxDouble(value as Double), 'integer overflow')),
    from(DURATION, 'duration_to_int64', (value) => canonicalInt((value as Duration).nanos)),
    from(STRING, 'string_to_int64', intOf),
    from(TIMESTAMP, 'timestamp_to_int64', (value) => (value as Timestamp).seconds),
    from(UINT, 'uint64_to_int64', (value) => int(BigInt((value as Uint).value))),
  ),
  conversion(
    'string',
    STRING,
    same(STRING, 'string'),
    from(BOOL, 'bool_to_string', String),
    from(BYTES, 'bytes_to_string', textOf, toStringCost),
    from(DOUBLE, 'double_to_string', (value) => formatDouble(unboxDouble(value as Double))),
    from(DURATION, 'duration_to_string', String),
    from(INT, 'int64_to_string', String),
    from(TIMESTAMP, 'timestamp_to_string', String),
    from(UINT, 'uint64_to_string', (value) => String((value as Uint).value)),
  ),
  conversion(
    'timestamp',
    TIMESTAMP,
    same(TIMESTAMP, 'timestamp'),
    from(INT, 'int64_to_timestamp', (value) => new Timestamp(Number(value as Integer))),
    from(
      STRING,
      'string_to_timestamp',
      (text) => parseTimestamp(text as string) ?? failed(STRING, TIMESTAMP),
    ),
  ),
  conversion(
    'uint',
    UINT,
    same(UINT, 'uint64'),
    from(DOUBLE, 'double_to_uint64', (value) => unsigned(unboxDouble(value as Double))),
    from(INT, 'int64_to_uint64', (value) => new Uint(uint(BigInt(value as Integer)))),
    from(STRING, 'string_to_uint64', uintOf),
  ),
];

type Conversion = Omit<Overload, 'result' | 'member'>;

function conversion(name: string, result: CelType, ...overloads: Conversion[]): FunctionDeclaration {
  return { name, overloads: overloads.map((overload) => ({ ...overload, member: false, result })) };
}

function from(type: CelType, id: string, convert: (value: Value) => Value, cost?: CallCost): Conversion {
  return { id, params: [type], call: (value) => convert(value!), ...(cost && { cost }) };
}

function same(type: CelType, name: string): Conversion {
  return from(type, `${name}_to_${name}`, (value) => value);
}

function failed(source: CelType, target: CelType): never {
  throw new EvaluationError(`type conversion error from '${typeName(source)}' to '${typeName(target)}'`);
}

/** The words that Go's `strconv.ParseBool` knows. */
function boolOf(text: Value): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text as string)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text as string)) return false;
  return failed(STRING, BOOL);
}

function doubleOf(text: Value): Value {
  const given = text as string;
  if (/^[+-]?(?:inf|infinity)$/i.test(given)) return given.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(given)) return Number.NaN;
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(given) ? Number(given) : Number.NaN;
  return Number.isFinite(value) ? boxDouble(value) : failed(STRING, DOUBLE);
}

function intOf(text: Value): Value {
  if (!/^[+-]?\d+$/.test(text as string)) return failed(STRING, INT);
  const value = BigInt((text as string).replace('+', ''));
  return value > maxInt || value < minInt ? failed(STRING, INT) : canonicalInt(value);
}

function uintOf(text: Value): Value {
  if (!/^\d+$/.test(text as string)) return failed(STRING, UINT);
  const value = BigInt(text as string);
  return value > maxUint ? failed(STRING, UINT) : new Uint(canonicalInt(value));
}

/** Cut towards zero. The ends of the range do not convert, as upstream rounds there. */
function wholeNumber(value: number, overflow: string): Integer {
  if (!Number.isFinite(value) || value <= -(2 ** 63) || value >= 2 ** 63) throw new EvaluationError(overflow);
  return canonicalInt(BigInt(Math.trunc(value)));
}

function unsigned(value: number): Uint {
  if (!Number.isFinite(value) || value < 0 || value >= 2 ** 64)
    throw new EvaluationError('unsigned integer overflow');
  return new Uint(canonicalInt(BigInt(Math.trunc(value))));
}

function textOf(bytes: Value): string {
  try {
    return fatalDecoder.decode(bytes as Uint8Array);
  } catch (error) {
    if (error instanceof TypeError)
      throw new EvaluationError('invalid UTF-8 in bytes, cannot convert to string');
    throw error;
  }
}
