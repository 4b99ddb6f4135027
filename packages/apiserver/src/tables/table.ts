import { encodeJson, type KubernetesObject } from '@kubewright/api';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { metadataBytes } from '../encoding/metadata-bytes.js';
import { createdAtColumn, nameColumn } from '../kinds/columns.js';
import type { Column } from '../kinds/kind-rules.js';
import type { ServedKind } from '../registry/resource.js';

/** A stored object as reads hand it on: the bytes and the revision that wrote them. */
export interface StoredEntry {
  readonly bytes: Buffer;
  readonly revision: number;
}

/** How much of the object a row carries. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableRow {
  readonly cells: readonly (string | number | bigint | boolean | null)[];
  readonly object?: unknown;
}

/** The columns as a Table describes them. */
export function columnDefinitions(served: ServedKind): object[] {
  return columnsOf(served).map(({ name, type, format = '', description, priority }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
}

/** How a row is to look. */
export interface RowForm {
  readonly include: IncludeObject;
  /** Of PartialObjectMetadata. */
  readonly apiVersion: string;
}

/** One object as a row in JSON, whatever version was asked for; `now` in milliseconds, for ages. */
export function rowJson(served: ServedKind, entry: StoredEntry, form: RowForm, now: number): Buffer {
  const object = served.tableObject(entry.bytes);
  const cells = encodeJson(columnsOf(served).map((column) => column.cell(object, now)));
  const conditions = served.resource.rules.rowConditions?.(object);
  const said = conditions === undefined ? '' : `"conditions":${encodeJson(conditions)},`;
  const start = Buffer.from(`{"cells":${cells},${said}"object":`);
  return Buffer.concat([start, rowObject(served, entry, form, object), rowEnd]);
}

const rowEnd = Buffer.from('}');
const nothing = Buffer.from('null');

function rowObject(
  served: ServedKind,
  { bytes, revision }: StoredEntry,
  { include, apiVersion }: RowForm,
  object: KubernetesObject,
): Buffer {
  if (include === 'None') return nothing;
  if (include === 'Object') return served.objectBytes(bytes, revision);
  if (served.conversion?.columns === undefined)
    return metadataBytes(served.ownBytes(bytes), revision, apiVersion);
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return Buffer.from(encodeJson(partialMetadata({ ...object, metadata }, apiVersion)));
}

/** The row of a bookmark: it is about no object, so its cells are empty, and only its metadata says something. */
export function bookmarkRow(served: ServedKind, metadata: ObjectMeta, form: RowForm): Buffer {
  const { apiVersion, kind } = served.kind;
  const object = { apiVersion, kind, metadata };
  const cells = columnsOf(served).map(({ type }) => emptyCells[type]);
  const shown = form.include === 'Object' ? object : partialMetadata(object, form.apiVersion);
  return Buffer.from(encodeJson({ cells, object: form.include === 'None' ? null : shown }));
}

const emptyCells = { string: '', date: '', integer: 0, number: 0, boolean: false } as const;

/** The metadata of an object alone, as a kind of its own. */
export function partialMetadata({ metadata }: KubernetesObject, apiVersion: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata };
}

function columnsOf(served: ServedKind): readonly Column<KubernetesObject>[] {
  return served.conversion?.columns ?? served.resource.rules.columns ?? [nameColumn, createdAtColumn];
}
