import type { Exchange } from '../exchange.js';
import type { ServedKind } from '../registry/resource.js';
import { formOf, objectJson } from '../tables/forms.js';
import type { StoredEntry } from '../tables/table.js';

/** Answers with one stored object in the form that the client asked for. */
export function answerObject(
  exchange: Exchange,
  served: ServedKind,
  status: number,
  entry: StoredEntry,
): void {
  const form = formOf(exchange.accepted, exchange.info.query);
  exchange.sendJson(status, objectJson(served, form, entry, exchange.server.now()));
}
