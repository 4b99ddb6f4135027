import { isObject } from '../patch/json-object.js';
import { yamlKeyOrder } from './yaml-key-order.js';
import { blockScalar, isSimpleKey, keyScalar, valueScalar } from './yaml-scalars.js';

/**
 * A JSON value as YAML, byte for byte as Go writes it: keys in natural order, lists not indented, long texts folded
 * behind column 80. Source: the emitter of libyaml in the form that sigs.k8s.io/yaml uses.
 */
export function writeYaml(value: unknown): string {
  const parts: string[] = [];
  writeNode(value, { indent: 0, column: 0, inList: true }, parts);
  parts.push('\n');
  return parts.join('');
}

/** Where a node is written. */
interface Place {
  /** Spaces before the lines of the mapping or list that the node is in. */
  readonly indent: number;
  /** Characters on the line so far, the space before the node included. */
  readonly column: number;
  /** A node behind `- ` begins on the same line; one behind a key on the next. */
  readonly inList: boolean;
}

function writeNode(value: unknown, place: Place, parts: string[]): void {
  if (Array.isArray(value) && value.length > 0) writeList(value, place, parts);
  else if (isObject(value) && Object.keys(value).length > 0) writeMapping(value, place, parts);
  else {
    if (!place.inList) parts.push(' ');
    parts.push(leaf(value, place));
  }
}

function writeMapping(object: Readonly<Record<string, unknown>>, place: Place, parts: string[]): void {
  const indent = place.inList ? place.indent : place.indent + 2;
  const line = newLine(indent);
  let isInline = place.inList;
  for (const key of Object.keys(object).sort(yamlKeyOrder)) {
    if (!isInline) parts.push(line);
    isInline = false;
    if (isSimpleKey(key)) {
      const name = keyScalar(key);
      parts.push(name, ':');
      writeNode(object[key], { indent, column: indent + name.length + 2, inList: false }, parts);
    } else {
      const nested = { indent: indent + 2, column: indent + 2, inList: true };
      parts.push('? ', leaf(key, nested), line, ': ');
      writeNode(object[key], nested, parts);
    }
  }
}

function writeList(list: readonly unknown[], { indent, inList }: Place, parts: string[]): void {
  const line = newLine(indent);
  const item = { indent: indent + 2, column: indent + 2, inList: true };
  for (const [index, value] of list.entries()) {
    if (index > 0 || !inList) parts.push(line);
    parts.push('- ');
    writeNode(value, item, parts);
  }
}

function leaf(value: unknown, { indent, column, inList }: Place): string {
  switch (typeof value) {
    case 'string': {
      // The lines of a text are set further in than the mapping or the list that it is in.
      const deeper = inList ? indent : indent + 2;
      return blockScalar(value, deeper) ?? valueScalar(value, { indent: deeper, column });
    }
    case 'number':
      return numberText(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? '[]' : '{}';
    default:
      return String(value);
  }
}

/** As Go's shortest `%g`: with an exponent from a million on, where it is no integer, and below 0.0001. */
function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

const newLines: string[] = [];

function newLine(indent: number): string {
  newLines[indent] ??= `\n${' '.repeat(indent)}`;
  return newLines[indent] ?? '';
}
