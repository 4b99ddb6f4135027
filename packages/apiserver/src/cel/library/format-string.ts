import { formatType, typeName } from '../types.js';
import { Duration } from '../values/duration.js';
import { EvaluationError } from '../values/evaluation-error.js';
import { elements, isList, type List } from '../values/list-value.js';
import { isMap, mapGet, mapKeys } from '../values/map-value.js';
import { checkTextLength, formatDouble } from '../values/text.js';
import { Timestamp } from '../values/timestamp.js';
import { TypeValue } from '../values/type-value.js';
import { Uint } from '../values/uint.js';
import { isDouble, isInt, typeOf, unboxDouble, type Value } from '../values/value.js';

const defaultPrecision = 6;
const mostDigits = 100;

/**
 * `text.format(args)`: `%s`, `%d`, `%f`, `%e`, `%b`, `%x`, `%X`, `%o`, `%%`.
 * @throws EvaluationError when the text and the arguments do not fit
 */
export function formatString(text: string, args: List): string {
  const values = elements(args);
  let next = 0;
  let result = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '%') result += text[at];
    else if (text[at + 1] === '%') {
      result += '%';
      at++;
    } else {
      if (next >= values.length) throw new EvaluationError(`index ${next} out of range`);
      const clause = clauseAt(text, at + 1);
      result += formatClause(clause, values[next++]!);
      checkTextLength(result.length);
      at = clause.end;
    }
  }
  return result;
}

/** The clauses of a text, in its order. @throws EvaluationError where it has something else */
export function clausesOf(text: string): Clause[] {
  const clauses: Clause[] = [];
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) {
    if (text[at + 1] === '%') at++;
    else {
      const clause = clauseAt(text, at + 1, Number.POSITIVE_INFINITY);
      clauses.push(clause);
      at = clause.end;
    }
  }
  return clauses;
}

interface Clause {
  readonly letter: string;
  readonly precision: number | undefined;
  /** Where the letter stands. */
  readonly end: number;
}

function clauseAt(text: string, start: number, most = mostDigits): Clause {
  if (start >= text.length) throw new EvaluationError('unexpected end of string');
  const [all = '', digits] = /^(?:\.(\d*))?/.exec(text.slice(start, start + 32)) ?? [];
  const end = start + all.length;
  const letter = text[end];
  if (letter === undefined)
    throw unparsable('error while parsing precision: could not find end of precision specifier');
  const precision = digits === undefined ? undefined : Number(digits);
  if (precision !== undefined && precision > most)
    throw unparsable(
      `error while parsing precision: precision ${precision} exceeds maximum allowed precision ${mostDigits}`,
    );
  if (!/[sdfebxXo]/.test(letter)) throw unparsable(`unrecognized formatting clause "${letter}"`);
  return { letter, precision, end };
}

function unparsable(why: string): EvaluationError {
  return new EvaluationError(`could not parse formatting clause: ${why}`);
}

function formatClause({ letter, precision = defaultPrecision }: Clause, value: Value): string {
  switch (letter) {
    case 's':
      return plain(value);
    case 'd':
      return integerText(value, 10) ?? refuse(value, 'decimal clause can only be used on integers');
    case 'f':
      return fixedText(value, precision);
    case 'e':
      return scientificText(value, precision);
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return integerText(value, 2) ?? refuse(value, 'only integers and bools can be formatted as binary');
    case 'o':
      return integerText(value, 8) ?? refuse(value, 'octal clause can only be used on integers');
    default: {
      const hex = hexText(value);
      return letter === 'X' ? hex.toUpperCase() : hex;
    }
  }
}

function refuse(value: Value, why: string): never {
  throw new EvaluationError(`error during formatting: ${why}, was given ${typeName(typeOf(value))}`);
}

function integerText(value: Value, radix: number): string | undefined {
  if (value instanceof Uint) return value.value.toString(radix);
  return isInt(value) ? value.toString(radix) : undefined;
}

function hexText(value: Value): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return (
    integerText(value, 16) ??
    refuse(value, 'only integers, byte buffers, and strings can be formatted as hex')
  );
}

const specialTexts: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity };

function doubleOf(value: Value, clause: string): number {
  if (isDouble(value)) return unboxDouble(value);
  const special = typeof value === 'string' ? specialTexts[value] : undefined;
  return special ?? refuse(value, `${clause} clause can only be used on doubles`);
}

/** As the locale en_US has it, which upstream's library is fixed to: groups of three digits. Halves go to even. */
function fixedText(value: Value, precision: number): string {
  const number = doubleOf(value, 'fixed-point');
  if (!Number.isFinite(number)) return specialText(number);
  const [whole = '', fraction] = roundedText(number, precision).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

function roundedText(number: number, precision: number): string {
  if (Math.abs(number) >= 1e21) return `${BigInt(number)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  const [whole = '', digits = ''] = number.toFixed(Math.min(100, precision + 30)).split('.');
  const kept = precision === 0 ? whole : `${whole}.${digits.slice(0, precision)}`;
  const halfway = /^50*$/.test(digits.slice(precision));
  return halfway && /[02468]$/.test(kept) ? kept : number.toFixed(precision);
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function scientificText(value: Value, precision: number): string {
  const number = doubleOf(value, 'scientific');
  if (!Number.isFinite(number)) return specialText(number);
  const [digits = '', exponent = '0'] = number.toExponential(precision).split('e');
  const size = String(Math.abs(Number(exponent))).padStart(2, '0');
  const sign = exponent.startsWith('-') ? '⁻' : '';
  return `${digits}\u202f×\u202f10${sign}${Array.from(size, (digit) => superscripts[Number(digit)]).join('')}`;
}

function specialText(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞';
}

/** `%s` of a value that stands alone. */
function plain(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (isDouble(value)) return formatDouble(unboxDouble(value));
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof Timestamp || value instanceof Duration) return value.toString();
  if (value instanceof TypeValue) return value.name;
  if (isList(value)) return `[${elements(value).map(nested).join(', ')}]`;
  if (isMap(value)) return mapText(value);
  return (
    integerText(value, 10) ??
    refuse(
      value,
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    )
  );
}

/** A value within a list or map: in CEL's own writing. */
function nested(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `b${JSON.stringify(plain(value))}`;
  if (value instanceof Timestamp) return `timestamp("${value}")`;
  if (value instanceof Duration) return `duration("${value}")`;
  if (value instanceof TypeValue) return `type(${value.name})`;
  if (!isDouble(value)) return plain(value);
  const number = unboxDouble(value);
  if (Number.isFinite(number)) return number.toFixed(defaultPrecision);
  return JSON.stringify(formatDouble(number));
}

function mapText(map: Value): string {
  if (!isMap(map)) return '';
  const entries = [...mapKeys(map)].map((key) => {
    if (typeof key !== 'string' && typeof key !== 'boolean' && integerText(key, 10) === undefined)
      throw new EvaluationError(
        `error during formatting: no formatting function for map key of type ${formatType(typeOf(key))}`,
      );
    return { key: nested(key), value: nested(mapGet(map, key)!) };
  });
  entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return `{${entries.map(({ key, value }) => `${key}:${value}`).join(', ')}}`;
}
