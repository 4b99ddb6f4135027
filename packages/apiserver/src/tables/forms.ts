import { ApiError, badRequest, encodeJson, type KubernetesObject } from '@kubewright/api';
import { encodeAnswer, encodeList } from '../encoding/encode-answer.js';
import type { MediaType } from '../encoding/negotiate.js';
import { parseStored } from '../encoding/object-bytes.js';
import type { ServedKind } from '../registry/resource.js';
import {
  columnDefinitions,
  type IncludeObject,
  partialMetadata,
  type StoredEntry,
  tableRow,
} from './table.js';

/** What a list says besides its items. */
export interface ListMetadata {
  readonly resourceVersion: string;
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
  if (as === 'object') return { ...accepted, include: 'Metadata', apiVersion: '' };
  const asked = query.get('includeObject') || 'Metadata';
  const include = includes.find((one) => one === asked);
  if (as === 'Table' && include === undefined)
    throw badRequest(`unrecognized includeObject value: "${asked}"`);
  return { ...accepted, include: include ?? 'Metadata', apiVersion: `meta.k8s.io/${version}` };
}

/** One object as JSON. @throws ApiError NotAcceptable where the metadata of a list was asked for */
export function objectJson(served: ServedKind, form: Form, entry: StoredEntry, now: number): Buffer | string {
  switch (form.as) {
    case 'object':
      return served.objectBytes(entry.bytes, entry.revision);
    case 'Table':
      return tableJson(served, form, [entry], { resourceVersion: String(entry.revision) }, now);
    case 'PartialObjectMetadataList':
      throw otherForm(form, `is not a list (*${internalName(served, served.kind.kind)})`);
    case 'PartialObjectMetadata':
      return encodeJson(partialMetadata(parseEntry(served, entry), form.apiVersion));
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
): string {
  return encodeJson({
    kind: 'Table',
    apiVersion: form.apiVersion,
    metadata,
    columnDefinitions: columns ? columnDefinitions(served) : null,
    rows: entries.map((entry) => tableRow(served, entry, form, now)),
  });
}

/**
 * A list in the media type that was negotiated, in pieces of bounded work, some of which may be empty.
 * @throws ApiError NotAcceptable where the metadata of one object was asked for
 */
export function listPieces(
  served: ServedKind,
  form: Form,
  entries: readonly StoredEntry[],
  metadata: ListMetadata,
  now: number,
): Generator<Uint8Array> {
  if (form.as === 'PartialObjectMetadata')
    throw otherForm(form, `is a list (*${internalName(served, served.kind.listKind)})`);
  if (form.as === 'Table') return tablePieces(form, tableJson(served, form, entries, metadata, now));
  const { apiVersion, listKind } = served.kind;
  const head =
    form.as === 'object' ? { kind: listKind, apiVersion } : { kind: form.as, apiVersion: form.apiVersion };
  return encodeList(form, encodeJson({ ...head, metadata }), itemsOf(served, form, entries));
}

function* tablePieces(form: Form, json: string): Generator<Uint8Array> {
  yield Buffer.from(encodeAnswer(form, json));
}

function* itemsOf(served: ServedKind, form: Form, entries: readonly StoredEntry[]): Generator<Buffer> {
  for (const entry of entries)
    yield form.as === 'object'
      ? served.itemBytes(entry.bytes, entry.revision)
      : Buffer.from(encodeJson(partialMetadata(parseEntry(served, entry), form.apiVersion)));
}

/** As upstream names a Go type: `core.PodList`. */
function internalName({ kind }: ServedKind, name: string): string {
  return `${kind.group.split('.')[0] || 'core'}.${name}`;
}

function otherForm({ as }: Form, found: string): ApiError {
  return new ApiError('NotAcceptable', `you requested ${as}, but the requested object ${found}`);
}

function parseEntry(served: ServedKind, { bytes, revision }: StoredEntry): KubernetesObject {
  return served.fromStored(parseStored(bytes, revision));
}
