import { badRequest, encodeJson, type KubernetesObject } from '@kubewright/api';
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
export interface Form {
  readonly as: MediaType['as'];
  readonly include: IncludeObject;
  readonly apiVersion: string;
}

const includes = ['None', 'Metadata', 'Object'] as const;

/** @throws ApiError BadRequest for an unknown `includeObject` */
export function formOf({ as, version }: MediaType, query: URLSearchParams): Form {
  if (as === 'object') return plainForm;
  const asked = query.get('includeObject') || 'Metadata';
  const include = includes.find((one) => one === asked);
  if (as === 'Table' && include === undefined)
    throw badRequest(`unrecognized includeObject value: "${asked}"`);
  return { as, include: include ?? 'Metadata', apiVersion: `meta.k8s.io/${version}` };
}

const plainForm: Form = { as: 'object', include: 'Metadata', apiVersion: '' };

/** One object as JSON. */
export function objectJson(served: ServedKind, form: Form, entry: StoredEntry, now: number): Buffer | string {
  switch (form.as) {
    case 'object':
      return served.objectBytes(entry.bytes, entry.revision);
    case 'Table':
      return tableJson(served, form, [entry], { resourceVersion: String(entry.revision) }, now);
    default:
      return encodeJson(partialMetadata(parseEntry(served, entry)));
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
    rows: entries.map((entry) => tableRow(served, entry, form.include, now)),
  });
}

const itemsPerPiece = 200;

/** A list as JSON, in pieces of bounded work. */
export function* listJson(
  served: ServedKind,
  form: Form,
  entries: readonly StoredEntry[],
  metadata: ListMetadata,
  now: number,
): Generator<Buffer> {
  if (form.as === 'Table') {
    yield Buffer.from(tableJson(served, form, entries, metadata, now));
    return;
  }
  const { apiVersion } = served.kind;
  const head =
    form.as === 'object'
      ? { kind: served.kind.listKind, apiVersion }
      : { kind: 'PartialObjectMetadataList', apiVersion: form.apiVersion };
  const opening = encodeJson({ ...head, metadata });
  const pieces: Buffer[] = [Buffer.from(`${opening.slice(0, -1)},"items":[`)];
  for (const [index, entry] of entries.entries()) {
    if (index > 0) pieces.push(comma);
    pieces.push(itemJson(served, form, entry));
    if (index % itemsPerPiece === itemsPerPiece - 1) yield Buffer.concat(pieces.splice(0));
  }
  pieces.push(closing);
  yield Buffer.concat(pieces);
}

const comma = Buffer.from(',');
const closing = Buffer.from(']}\n');

function itemJson(served: ServedKind, form: Form, entry: StoredEntry): Buffer {
  if (form.as === 'object') return served.itemBytes(entry.bytes, entry.revision);
  return Buffer.from(encodeJson(partialMetadata(parseEntry(served, entry))));
}

function parseEntry(served: ServedKind, { bytes, revision }: StoredEntry): KubernetesObject {
  return served.fromStored(parseStored(bytes, revision));
}
