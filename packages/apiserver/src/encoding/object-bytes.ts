import { encodeJson, type KubernetesObject } from '@kubewright/api';
import type { ManagedFieldsEntry } from '@kubewright/api/meta/v1';
import { type FieldSet, textOf } from '../patch/field-set.js';
import { answerBytes } from './answer-bytes.js';
import { parseOwnJson } from './own-json.js';

/**
 * The canonical layout of a stored object: `{"apiVersion":…,"kind":…,"metadata":{…` in this order, without
 * resourceVersion. What is served is the stored bytes with the revision spliced in, so that reading parses nothing.
 */
const metadataStart = Buffer.from('"metadata":{');
const openingBrace = '{'.charCodeAt(0);
const closingBrace = '}'.charCodeAt(0);
const lineEnd = '\n'.charCodeAt(0);

/** The bytes to store. The resourceVersion is left out: the store knows it better. */
export function storedBytes(object: KubernetesObject): Buffer {
  const { apiVersion, kind, metadata } = object;
  const { resourceVersion: _, managedFields, ...stored } = metadata;
  const head = `{"apiVersion":${encodeJson(apiVersion)},"kind":${encodeJson(kind)},"metadata":`;
  const meta = managedFields === undefined ? encodeJson(stored) : withManagedFields(stored, managedFields);
  let text = `${head}${meta}`;
  for (const [name, value] of Object.entries(object))
    if (value !== undefined && !inHead.has(name)) text += `,${encodeJson(name)}:${encodeJson(value)}`;
  const bytes = Buffer.from(`${text}}`);
  fresh.set(bytes, object);
  return bytes;
}

/** What stands before the other members. */
const inHead = new Set(['apiVersion', 'kind', 'metadata']);

/** Half of an object's bytes are the fields of its managers, whose JSON is often known. */
function withManagedFields(metadata: object, entries: readonly ManagedFieldsEntry[]): string {
  const text = encodeJson(metadata);
  const managers = entries.map(({ fieldsV1, ...entry }) =>
    fieldsV1 === undefined
      ? encodeJson(entry)
      : `${encodeJson(entry).slice(0, -1)},"fieldsV1":${textOf(fieldsV1 as FieldSet)}}`,
  );
  return `${text.slice(0, -1)}${text === '{}' ? '' : ','}"managedFields":[${managers.join(',')}]}`;
}

const fresh = new WeakMap<Buffer, KubernetesObject>();

/**
 * The object that these bytes were made of a moment ago, for a first reader who would parse them again; undefined for
 * all others. It is given once, so that it lives no longer than the write.
 */
export function takeFresh(bytes: Buffer): KubernetesObject | undefined {
  const object = fresh.get(bytes);
  if (object !== undefined) fresh.delete(bytes);
  return object;
}

/** The object that stored bytes stand for, with its resourceVersion. */
export function parseStored<T extends KubernetesObject>(bytes: Buffer, revision: number): T {
  const object = parseOwnJson(bytes) as T;
  if (revision > 0) object.metadata.resourceVersion = String(revision);
  return object;
}

/** The object as a client reads it. */
export function objectBytes(stored: Buffer, revision: number): Buffer {
  return splice(stored, 0, revision);
}

/** The same as an answer of its own, which a line end closes. */
export function objectLine(stored: Buffer, revision: number): Buffer {
  return splice(stored, 0, revision, 1);
}

/** The object as an item of a list, where apiVersion and kind are the list's. */
export function itemBytes(stored: Buffer, revision: number): Buffer {
  return splice(stored, startOf(stored), revision);
}

/** At least as many bytes as {@link writeItem} writes. */
export function itemLength(stored: Buffer, revision: number): number {
  return stored.length + versionMember(revision).length;
}

/** An item of a list; `named` ones carry apiVersion and kind. */
export interface WrittenItem {
  readonly bytes: Buffer;
  readonly revision: number;
  readonly named: boolean;
}

/** Writes an item of a list to where it goes out from; gives the end of it. */
export function writeItem(
  target: Buffer,
  at: number,
  { bytes: stored, revision, named }: WrittenItem,
): number {
  const start = startOf(stored);
  const members = start + metadataStart.length;
  const version = versionMember(revision);
  let end = at;
  if (named) end += stored.copy(target, end, 0, members);
  else {
    target[end] = openingBrace;
    end += 1 + stored.copy(target, end + 1, start, members);
  }
  // The comma that the member ends with goes where no other follows.
  const length = stored[members] === closingBrace ? version.length - 1 : version.length;
  end += target.write(version, end, length, 'latin1');
  return end + stored.copy(target, end, members);
}

function versionMember(revision: number): string {
  // What was never stored has none.
  return revision === 0 ? '' : `"resourceVersion":"${revision}",`;
}

function startOf(stored: Buffer): number {
  const start = stored.indexOf(metadataStart);
  if (start < 0) throw new Error('a stored object has no metadata');
  return start;
}

function splice(stored: Buffer, from: number, revision: number, lineEnds = 0): Buffer {
  const at = startOf(stored) + metadataStart.length;
  const member = versionMember(revision);
  const version = stored[at] === closingBrace ? member.slice(0, -1) : member;
  const opening = from === 0 ? 0 : 1;
  const bytes = answerBytes(opening + stored.length - from + version.length + lineEnds);
  if (opening === 1) bytes[0] = openingBrace;
  let end = opening + stored.copy(bytes, opening, from, at);
  end += bytes.write(version, end, 'latin1');
  stored.copy(bytes, end, at);
  if (lineEnds === 1) bytes[bytes.length - 1] = lineEnd;
  return bytes;
}
