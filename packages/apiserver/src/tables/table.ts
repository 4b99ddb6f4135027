import type { KubernetesObject } from '@kubewright/api';
import { parseStored } from '../encoding/object-bytes.js';
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
  readonly cells: readonly (string | number | boolean | null)[];
  readonly object?: unknown;
}

/** The columns as a Table describes them. */
export function columnDefinitions(served: ServedKind): object[] {
  return columnsOf(served).map(({ name, type, format = '', description, priority }) => ({
    name,
    type: type === 'date' ? 'string' : type,
    format,
    description,
    priority,
  }));
}

/** One object as a row; `now` in milliseconds, for ages. */
export function tableRow(
  served: ServedKind,
  entry: StoredEntry,
  { include, apiVersion }: { readonly include: IncludeObject; readonly apiVersion: string },
  now: number,
): TableRow {
  const object = served.fromStored(parseStored(entry.bytes, entry.revision));
  const cells = columnsOf(served).map((column) => column.cell(object, now));
  if (include === 'None') return { cells, object: null };
  return { cells, object: include === 'Object' ? object : partialMetadata(object, apiVersion) };
}

/** The metadata of an object alone, as a kind of its own. */
export function partialMetadata({ metadata }: KubernetesObject, apiVersion: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata };
}

function columnsOf(served: ServedKind): readonly Column<KubernetesObject>[] {
  return served.conversion?.columns ?? served.resource.rules.columns ?? [nameColumn, createdAtColumn];
}
