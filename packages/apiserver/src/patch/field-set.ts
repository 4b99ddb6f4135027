import { encodeJson } from '@kubewright/api';

/**
 * A set of fields in the form that `metadata.managedFields[].fieldsV1` has on the wire: members are path elements
 * (`f:NAME` a field, `k:{…}` an item of a list by its keys, `v:…` an item of a set), their values the sets below them.
 * `{}` below an element says that the element itself belongs to the set, and so does a member `.` beside others.
 * Sets are never changed once made; the results of the operations share parts with their arguments.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

export const emptyFieldSet: FieldSet = {};
const self = '.';

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** True when the element that the set stands below belongs to it. */
export function hasSelf(node: FieldSet): boolean {
  return node[self] !== undefined || isEmptySet(node);
}

/** The element with what is below it; undefined when neither belongs to the set. */
export function makeNode(member: boolean, children: FieldSet): FieldSet | undefined {
  if (isEmptySet(children)) return member ? emptyFieldSet : undefined;
  return member ? { [self]: emptyFieldSet, ...children } : children;
}

/** Everything in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  return isEmptySet(a) ? b : isEmptySet(b) || a === b ? a : unionChildren(a, b);
}

function unionChildren(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = { ...a };
  delete result[self];
  for (const element of Object.keys(b)) {
    if (element === self) continue;
    const [left, right] = [a[element], b[element] as FieldSet];
    result[element] =
      left === undefined || left === right
        ? right
        : (makeNode(hasSelf(left) || hasSelf(right), unionChildren(left, right)) ?? emptyFieldSet);
  }
  return result;
}

/** What is in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element of Object.keys(a)) {
    const [left, right] = [a[element], b[element]];
    if (element === self || left === undefined || right === undefined) continue;
    const node = makeNode(hasSelf(left) && hasSelf(right), intersection(left, right));
    if (node !== undefined) result[element] = node;
  }
  return result;
}

/** What is in the first set and not in the second; a parent in the second does not take its children along. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return isEmptySet(b) ? a : childDifference(a, b);
}

function childDifference(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element of Object.keys(a)) {
    const [left, right] = [a[element], b[element]];
    if (element === self || left === undefined) continue;
    const node =
      right === undefined ? left : makeNode(hasSelf(left) && !hasSelf(right), childDifference(left, right));
    if (node !== undefined) result[element] = node;
  }
  return result;
}

/** What is in the first set and neither in the second nor below a member of it. */
export function differenceWithChildren(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element of Object.keys(a)) {
    const [left, right] = [a[element], b[element]];
    if (element === self || left === undefined) continue;
    if (right !== undefined && hasSelf(right)) continue;
    const node = right === undefined ? left : makeNode(hasSelf(left), differenceWithChildren(left, right));
    if (node !== undefined) result[element] = node;
  }
  return result;
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) {
    const [left, right] = [a[key], b[key]];
    if (left === undefined || right === undefined || !equalSets(left, right)) return false;
  }
  return true;
}

/** The paths of all members as conflicts print them, in the set's order: `.spec.containers[name="a"].image`. */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const found: string[] = [];
  const below: string[] = [];
  for (const element of Object.keys(sortedSet(set))) {
    const node = set[element];
    if (element === self || node === undefined) continue;
    const path = `${prefix}${printElement(element)}`;
    if (hasSelf(node)) found.push(path);
    below.push(...pathsOf(node, path));
  }
  return [...found, ...below];
}

const known = new WeakSet<FieldSet>();

/** Says that a set, such as one that was stored, is in the order of the wire. */
export function markSorted(set: FieldSet): void {
  known.add(set);
}

/** The set with its elements in upstream's order, as it goes on the wire. */
export function sortedSet(set: FieldSet): FieldSet {
  if (known.has(set)) return set;
  const result = sort(set);
  known.add(result);
  return result;
}

const texts = new WeakMap<FieldSet, string>();

/** Keeps the JSON of a set that will be written again and again; gives it. */
export function keepText(set: FieldSet): string {
  const text = encodeJson(set);
  texts.set(set, text);
  return text;
}

/** The JSON of a set. */
export function textOf(set: FieldSet): string {
  return texts.get(set) ?? encodeJson(set);
}

function sort(set: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  const elements = Object.keys(set);
  if (elements.length > 1) elements.sort(compareElements);
  for (const element of elements) result[element] = sort(set[element] ?? emptyFieldSet);
  return result;
}

/**
 * A set that a client sent: members that are no objects are refused, elements of kinds that are not known are left
 * out, as upstream does.
 * @throws Error when it is no set
 */
export function readFieldSet(value: unknown): FieldSet {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('a set of fields must be an object');
  const result: Record<string, FieldSet> = {};
  for (const [element, below] of Object.entries(value)) {
    if (element === self) result[self] = emptyFieldSet;
    else if (element[1] !== ':') throw new Error(`missing colon: ${element}`);
    else if (/^[fkvi]/.test(element)) {
      if (element[0] === 'k' || element[0] === 'v') JSON.parse(element.slice(2));
      result[element] = readFieldSet(below);
    }
  }
  return result;
}

export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** An item of a set. */
export function valueElement(value: unknown): string {
  return `v:${toJson(value)}`;
}

/** An item of a list by its keys, which come sorted. */
export function keyElement(keys: readonly (readonly [name: string, value: unknown])[]): string {
  return `k:{${keys.map(([name, value]) => `${toJson(name)}:${toJson(value)}`).join(',')}}`;
}

/** JSON as Go writes it: with `<`, `>` and `&` escaped. */
function toJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  const text = JSON.stringify(value) ?? 'null';
  return /[<>&]/.test(text)
    ? text.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
    : text;
}

export function printElement(element: string): string {
  const content = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${content}`;
    case 'k': {
      const keys = Object.entries(JSON.parse(content) as Record<string, unknown>);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v':
      return `[=${content}]`;
    default:
      return `[${content}]`;
  }
}

const order = '.fkvi';

/** Fields by name, then items by their keys, then values, then indexes. */
function compareElements(a: string, b: string): number {
  if (a[0] !== b[0]) return order.indexOf(a[0] ?? '') - order.indexOf(b[0] ?? '');
  if (a[0] === 'f' || a === b) return a < b ? -1 : a > b ? 1 : 0;
  const [left, right] = [JSON.parse(a.slice(2)) as unknown, JSON.parse(b.slice(2)) as unknown];
  if (a[0] !== 'k') return compareValues(left, right);
  const [leftKeys, rightKeys] = [Object.entries(left as object), Object.entries(right as object)];
  for (const [i, [name, value]] of leftKeys.entries()) {
    const other = rightKeys[i];
    if (other === undefined) return 1;
    if (name !== other[0]) return name < other[0] ? -1 : 1;
    const compared = compareValues(value, other[1]);
    if (compared !== 0) return compared;
  }
  return leftKeys.length - rightKeys.length;
}

function compareValues(a: unknown, b: unknown): number {
  const rank = (value: unknown) => ['number', 'string', 'boolean'].indexOf(typeof value);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const [left, right] = [a as number, b as number];
  return left < right ? -1 : left > right ? 1 : 0;
}
