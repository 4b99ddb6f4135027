import { ApiError, badRequest, encodeJson } from '@kubewright/api';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { encodeAnswer, encodeList } from '../encoding/encode-answer.js';
import { metadataBytes } from '../encoding/metadata-bytes.js';
import type { MediaType } from '../encoding/negotiate.js';
import { parseStored } from '../encoding/object-bytes.js';
import { storedList } from '../encoding/stored-list.js';
import type { ServedKind } from '../registry/resource.js';
import {
  bookmarkRow,
  columnDefinitions as columnDefinitionsOf,
  type IncludeObject,
  rowJson,
  type StoredEntry,
} from './table.js';

/** What a list says besides its items. */
export interface ListMetadata {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** How an answer is to look: the form that was negotiated and the `includeObject` of a Table. */
export interface Form extends MediaType {
  readonly include: IncludeObject;
  readonly apiVersion: string;
}

const includes = ['None', 'Metadata', 'Object'] as const;

/** @throws ApiError BadRequest for an unknown `includeObject` */
export function formOf(accepted: MediaType, query: URLSearchParams): Form {
  const { as, version } = accepted;
  if (as === 'object') return plainForm(accepted);
  const asked = query.get('includeObject') || 'Metadata';
  const include = includes.find((one) => one === asked);
  if (as === 'Table' && include === undefined)
    throw badRequest(
      `Unable to convert to Table as requested: includeObject: Invalid value: "${asked}": must be 'Metadata', 'Object', 'None', or empty`,
    );
  return { ...accepted, include: include ?? 'Metadata', apiVersion: `meta.k8s.io/${version}` };
}

const plainForms = new WeakMap<MediaType, Form>();

/** Made once for each type that is asked for, which are few: gets are many. */
function plainForm(accepted: MediaType): Form {
  let form = plainForms.get(accepted);
  if (form === undefined) {
    form = { ...accepted, include: 'Metadata', apiVersion: '' };
    plainForms.set(accepted, form);
  }
  return form;
}

/** One object as JSON. @throws ApiError NotAcceptable where the metadata of a list was asked for */
export function objectJson(served: ServedKind, form: Form, entry: StoredEntry, now: number): Buffer | string {
  switch (form.as) {
    case 'object':
      return served.objectBytes(entry.bytes, entry.revision);
    case 'Table':
      return tableJson(served, form, [entry], versionOf(entry), now);
    case 'PartialObjectMetadataList':
      // As upstream's custom resources fail, which have no Go type to name.
      if (served.namesItems) throw new ApiError('', 'content is not a list', { code: 500 });
      throw otherForm(form, `is not a list (*${internalName(served, served.kind.kind)})`);
    case 'PartialObjectMetadata':
      return metadataJson(served, form, entry);
  }
}

/** A Table of these objects; without `columns` one that goes on where another has named them (watch events). */
export function tableJson(
  served: ServedKind,
  form: Form,
  entries: readonly StoredEntry[],
  metadata: ListMetadata,
  now: number,
  columns = true,
): Buffer {
  const rows = entries.map((entry) => rowJson(served, entry, form, now));
  return joinedTable(tableHead(served, form, metadata, columns), rows);
}

/** The Table that is a bookmark. */
export function bookmarkTable(served: ServedKind, form: Form, metadata: ObjectMeta): Buffer {
  const head = tableHead(served, form, { resourceVersion: metadata.resourceVersion ?? '' }, false);
  return joinedTable(head, [bookmarkRow(served, metadata, form)]);
}

function tableHead(served: ServedKind, form: Form, metadata: ListMetadata, columns: boolean): string {
  const columnDefinitions = columns ? columnDefinitionsOf(served) : null;
  const head = encodeJson({ kind: 'Table', apiVersion: form.apiVersion, metadata, columnDefinitions });
  return `${head.slice(0, -1)},"rows":[`;
}

function joinedTable(head: string, rows: readonly Buffer[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(head)];
  for (const [index, row] of rows.entries()) parts.push(...(index === 0 ? [row] : [comma, row]));
  return Buffer.concat([...parts, tableEnd]);
}

const comma = Buffer.from(',');
const tableEnd = Buffer.from(']}');
const lineEnd = Buffer.from('\n');

/**
 * A list in the media type that was negotiated, in pieces of bounded work, some of which may be empty.
 * @throws ApiError NotAcceptable where the metadata of one object was asked for
 */
export function listPieces(
  served: ServedKind,
  form: Form,
  entries: Iterable<StoredEntry>,
  metadata: ListMetadata,
  now: number,
): Generator<Uint8Array> {
  if (form.as === 'PartialObjectMetadata')
    throw otherForm(form, `is a list (*${internalName(served, served.kind.listKind)})`);
  if (form.as === 'Table') return tablePieces(served, form, inRowOrder(served, entries), metadata, now);
  const { apiVersion, listKind } = served.kind;
  const head =
    form.as === 'object' ? { kind: listKind, apiVersion } : { kind: form.as, apiVersion: form.apiVersion };
  // Upstream writes the lists of custom resources with all that a list may say.
  const shown = form.as === 'object' && served.namesItems ? { continue: '', ...metadata } : metadata;
  const json = encodeJson({ ...head, metadata: shown });
  const asStored = form.as === 'object' && served.conversion === undefined;
  if (asStored && form.type === 'application/json' && !form.pretty)
    return storedList(json, served.own(entries), served.namesItems);
  return encodeList(form, json, itemsOf(served, form, entries));
}

/** For kinds of which there are few: all of them are parsed at once. */
function inRowOrder(served: ServedKind, entries: Iterable<StoredEntry>): Iterable<StoredEntry> {
  const { rules } = served.resource;
  if (rules.compareRows === undefined) return entries;
  return [...entries]
    .map((entry) => ({ entry, object: parseStored(entry.bytes, entry.revision) }))
    .sort((a, b) => rules.compareRows?.(a.object, b.object) ?? 0)
    .map(({ entry }) => entry);
}

/** Rows are parsed objects, which take their time. */
const rowsPerPiece = 32;

function* tablePieces(
  served: ServedKind,
  form: Form,
  entries: Iterable<StoredEntry>,
  metadata: ListMetadata,
  now: number,
): Generator<Uint8Array> {
  if (form.type !== 'application/json' || form.pretty) {
    yield Buffer.from(encodeAnswer(form, tableJson(served, form, [...entries], metadata, now)));
    return;
  }
  const parts: Uint8Array[] = [Buffer.from(tableHead(served, form, metadata, true))];
  let rows = 0;
  for (const entry of entries) {
    if (rows > 0) parts.push(comma);
    parts.push(rowJson(served, entry, form, now));
    rows++;
    if (rows % rowsPerPiece === 0) yield Buffer.concat(parts.splice(0));
  }
  yield Buffer.concat([...parts, tableEnd, lineEnd]);
}

function* itemsOf(served: ServedKind, form: Form, entries: Iterable<StoredEntry>): Generator<Buffer> {
  for (const entry of entries)
    yield form.as === 'object'
      ? served.itemBytes(entry.bytes, entry.revision)
      : metadataJson(served, form, entry);
}

/** What another version of a built-in kind says in its annotations is not in upstream's, either. */
function metadataJson(served: ServedKind, { apiVersion }: Form, entry: StoredEntry): Buffer {
  return metadataBytes(served.ownBytes(entry.bytes), entry.revision, apiVersion);
}

/** What was never stored has no version. */
function versionOf({ revision }: StoredEntry): ListMetadata {
  return revision === 0 ? {} : { resourceVersion: String(revision) };
}

/** As upstream names a Go type: `core.PodList`. */
function internalName({ namesItems, resource }: ServedKind, name: string): string {
  if (namesItems) return 'unstructured.UnstructuredList';
  return `${resource.rules.kind.group.split('.')[0] || 'core'}.${name}`;
}

function otherForm({ as }: Form, found: string): ApiError {
  return new ApiError('NotAcceptable', `you requested ${as}, but the requested object ${found}`);
}
