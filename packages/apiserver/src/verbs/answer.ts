import type { Exchange } from '../exchange.js';
import type { ServedKind } from '../registry/resource.js';
import { formOf, objectJson } from '../tables/forms.js';
import type { StoredEntry } from '../tables/table.js';

/**
 * Answers with one stored object in the form that the client asked for; at once, but where another process has to bring
 * it to the version first.
 */
export function answerObject(
  exchange: Exchange,
  served: ServedKind,
  status: number,
  entry: StoredEntry,
): void | Promise<void> {
  const prepared = served.prepare([entry]);
  if (prepared !== undefined) return prepared.then(() => send(exchange, served, status, entry));
  send(exchange, served, status, entry);
}

function send(exchange: Exchange, served: ServedKind, status: number, entry: StoredEntry): void {
  const form = formOf(exchange.accepted, exchange.info.query);
  const json =
    form.as === 'object'
      ? served.objectLine(entry.bytes, entry.revision)
      : objectJson(served, form, entry, exchange.server.now());
  exchange.sendJson(status, json);
}
