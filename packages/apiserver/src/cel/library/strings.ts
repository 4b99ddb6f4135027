import { deepTraversal, sizeOf, traversal, traversalFactor } from '../cost/factors.js';
import { fixed, plus, type SizeEstimate, scaled, times, unbounded } from '../cost/ranges.js';
import type { CallCost, FunctionDeclaration } from '../functions/declaration.js';
import { DYN, INT, listOf, STRING } from '../types.js';
import { EvaluationError } from '../values/evaluation-error.js';
import type { Integer } from '../values/integers.js';
import { elements, type List } from '../values/list-value.js';
import { checkTextLength } from '../values/text.js';
import type { Value } from '../values/value.js';
import { transformCost } from './costs.js';
import { global, method, named } from './define.js';
import { formatString } from './format-string.js';

const strings = listOf(STRING);

/** A text is gone through, a part of it sought. */
const searchCost: CallCost = {
  estimate: ({ args: [text] }) => ({ cost: scaled(text!.size, traversalFactor) }),
  actual: ([text]) => deepTraversal(text!),
};

const replaceCost: CallCost = {
  estimate: ({ args: [text, old, replacement] }) => ({
    cost: scaled(text!.size, 2 * traversalFactor),
    size: replacedSize(text!.size, old!.size, replacement!.size),
  }),
  actual: ([text]) => traversal(sizeOf(text!), 2),
};

const splitCost: CallCost = {
  estimate: ({ args: [text, , limit] }) => ({
    cost: scaled(text!.size, 2 * traversalFactor),
    size: { min: 0, max: typeof limit?.literal === 'number' ? Math.max(0, limit.literal) : text!.size.max },
  }),
  actual: ([text]) => traversal(sizeOf(text!), 2),
};

const joinCost: CallCost = {
  estimate: ({ args: [list, separator] }) => {
    const gaps = { min: Math.max(0, list!.size.min - 1), max: Math.max(0, list!.size.max - 1) };
    const content = times(list!.size, list!.elementSize);
    const size = separator === undefined ? content : plus(content, times(separator.size, gaps));
    return { cost: scaled(size, traversalFactor), size };
  },
  actual: ([list, separator = '']) => traversal(joinedSize(list as List, separator), 2),
};

const formatCost: CallCost = {
  estimate: ({ args: [text] }) => ({ cost: scaled(text!.size, traversalFactor) }),
  actual: ([text]) => traversal(sizeOf(text!)),
};

const quoteCost: CallCost = {
  estimate: ({ args: [text] }) => ({
    cost: scaled(text!.size, traversalFactor),
    size: plus(times(text!.size, { min: 1, max: 2 }), fixed(2)),
  }),
  actual: ([text]) => traversal(sizeOf(text!)),
};

/** cel-go's string extensions, version 2, at Kubernetes' costs. Positions count characters. */
export const stringFunctions: readonly FunctionDeclaration[] = [
  named('charAt', method(['string_char_at_int', [STRING, INT], STRING], charAt)),
  named(
    'indexOf',
    method(['string_index_of_string', [STRING, STRING], INT], indexOf, searchCost),
    method(['string_index_of_string_int', [STRING, STRING, INT], INT], indexOf, searchCost),
  ),
  named(
    'lastIndexOf',
    method(['string_last_index_of_string', [STRING, STRING], INT], lastIndexOf, searchCost),
    method(['string_last_index_of_string_int', [STRING, STRING, INT], INT], lastIndexOf, searchCost),
  ),
  named('lowerAscii', method(['string_lower_ascii', [STRING], STRING], lowerAscii, transformCost)),
  named('upperAscii', method(['string_upper_ascii', [STRING], STRING], upperAscii, transformCost)),
  named(
    'replace',
    method(['string_replace_string_string', [STRING, STRING, STRING], STRING], replace, replaceCost),
    method(['string_replace_string_string_int', [STRING, STRING, STRING, INT], STRING], replace, replaceCost),
  ),
  named(
    'split',
    method(['string_split_string', [STRING, STRING], strings], split, splitCost),
    method(['string_split_string_int', [STRING, STRING, INT], strings], split, splitCost),
  ),
  named(
    'substring',
    method(['string_substring_int', [STRING, INT], STRING], substring, transformCost),
    method(['string_substring_int_int', [STRING, INT, INT], STRING], substring, transformCost),
  ),
  named('trim', method(['string_trim', [STRING], STRING], trim, transformCost)),
  named(
    'join',
    method(['list_join', [strings], STRING], join, joinCost),
    method(['list_join_string', [strings, STRING], STRING], join, joinCost),
  ),
  named('format', method(['string_format', [STRING, listOf(DYN)], STRING], formatString, formatCost)),
  named('strings.quote', global(['strings_quote', [STRING], STRING], quote, quoteCost)),
];

function outOfRange(index: Integer): EvaluationError {
  return new EvaluationError(`index out of range: ${index}`);
}

function charAt(text: string, index: Integer): string {
  const characters = Array.from(text);
  const at = Number(index);
  if (at < 0 || at > characters.length) throw outOfRange(index);
  return characters[at] ?? '';
}

function indexOf(text: string, part: string, offset: Integer = 0): number {
  const from = Number(offset);
  if (from < 0) throw outOfRange(offset);
  const characters = Array.from(text);
  if (part === '') return Math.min(from, characters.length);
  if (from >= characters.length) return -1;
  const before = characters.slice(0, from).join('').length;
  const found = text.indexOf(part, before);
  return found < 0 ? -1 : Array.from(text.slice(0, found)).length;
}

function lastIndexOf(text: string, part: string, offset?: Integer): number {
  const characters = Array.from(text);
  if (offset !== undefined && offset < 0) throw outOfRange(offset);
  const from = offset === undefined ? characters.length : Number(offset);
  if (part === '') return Math.min(from, characters.length);
  if (offset !== undefined && from >= characters.length) return -1;
  const found = text.lastIndexOf(part, characters.slice(0, from).join('').length);
  return found < 0 ? -1 : Array.from(text.slice(0, found)).length;
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function replace(text: string, old: string, replacement: string, limit: Integer = -1): string {
  const most = Number(limit);
  const places = old === '' ? text.length + 1 : text.split(old).length - 1;
  checkTextLength(text.length + Math.min(places, most < 0 ? places : most) * replacement.length);
  if (most < 0) return replaceAll(text, old, replacement);
  const parts = old === '' ? ['', ...text] : text.split(old);
  if (old === '' && parts.length > most) return withEmptyOld(text, replacement, most);
  const head = parts.slice(0, most + 1);
  const tail = parts.slice(most + 1);
  return [head.join(replacement), ...tail].join(old);
}

function replaceAll(text: string, old: string, replacement: string): string {
  return old === '' ? withEmptyOld(text, replacement, Infinity) : text.split(old).join(replacement);
}

/** Before each character and at the end. */
function withEmptyOld(text: string, replacement: string, most: number): string {
  const characters = Array.from(text);
  let result = '';
  characters.forEach((character, index) => {
    result += index < most ? replacement + character : character;
  });
  return characters.length < most ? result + replacement : result;
}

function split(text: string, separator: string, limit: Integer = -1): string[] {
  const most = Number(limit);
  if (most === 0) return [];
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  if (most < 0 || parts.length <= most) return parts;
  return [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

function substring(text: string, start: Integer, end?: Integer): string {
  const characters = Array.from(text);
  if (end !== undefined && start > end)
    throw new EvaluationError(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0 || start > characters.length) throw outOfRange(start);
  if (end !== undefined && end > characters.length) throw outOfRange(end);
  return characters.slice(Number(start), end === undefined ? undefined : Number(end)).join('');
}

/** Unicode's white space, as Go's `strings.TrimSpace` has it. */
const space = '[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const leading = new RegExp(`^${space}`, 'u');

function trim(text: string): string {
  let end = text.length;
  while (end > 0 && leading.test(text[end - 1]!)) end--;
  return text.slice(0, end).replace(leading, '');
}

function joinedSize(list: List, separator: Value): number {
  let size = Math.max(0, list.length - 1) * sizeOf(separator);
  for (let index = 0; index < list.length; index++) size += sizeOf(list.at(index)!);
  return size;
}

function join(list: List, separator = ''): string {
  const parts = elements(list);
  const other = parts.find((part) => typeof part !== 'string');
  if (other !== undefined) throw new EvaluationError(`join: invalid input: ${other}`);
  return parts.join(separator);
}

const escapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function quote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  return `"${text.replace(/[\x07\b\f\n\r\t\v\\"]/g, (found) => escapes[found]!)}"`;
}

/** How long a text can get, and how short, when parts of it are replaced. */
function replacedSize(text: SizeEstimate, old: SizeEstimate, replacement: SizeEstimate): SizeEstimate {
  const longest = replaced(text.max, old.min, replacement.max, replacement.max <= old.min);
  const shortest = replaced(text.min, old.max, replacement.min, old.max <= replacement.min);
  return { min: shortest, max: Math.min(longest, unbounded) };
}

/** `keeps`: replacing does not move the bound. An empty old text stands around every character. */
function replaced(size: number, old: number, replacement: number, keeps: boolean): number {
  if (old === 0) return (size + 1) * replacement + size;
  return keeps ? size : Math.ceil(size / old) * replacement;
}
