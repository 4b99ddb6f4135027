import type { Turn } from '../cache/turns.js';
import type { Exchange } from '../exchange.js';
import type { ServedKind } from '../registry/resource.js';
import { formOf, listPieces } from '../tables/forms.js';
import { readPage } from './paging.js';

/** GET of a collection. */
export async function list(exchange: Exchange, served: ServedKind): Promise<void> {
  const { server, accepted, info } = exchange;
  const form = formOf(accepted, info.query);
  const turn = server.turns.start();
  const { list: found, metadata } = await readPage(exchange, served, turn);
  try {
    const entries = served.resource.forms?.prepare === undefined ? found.entries() : [...found.entries()];
    if (Array.isArray(entries)) await served.prepare(entries);
    await sendPieces(exchange, listPieces(served, form, entries, metadata, server.now()), turn);
  } finally {
    found.release();
  }
}

/** Small lists in one piece; long ones as a stream that leaves the event loop to others. */
async function sendPieces(exchange: Exchange, pieces: Generator<Uint8Array>, turn: Turn): Promise<void> {
  const { type } = exchange.accepted;
  const first = pieces.next();
  if (first.done) return;
  const second = pieces.next();
  const { audit } = exchange;
  if (audit?.keepsResponse === true) audit.responsePiece(first.value);
  if (second.done) {
    exchange.send(200, type, first.value);
    return;
  }
  const stream = exchange.openLong(200, type);
  const { signal } = exchange.request;
  stream.write(first.value);
  exchange.sentBytes = first.value.length;
  for (let piece: IteratorResult<Uint8Array> = second; !piece.done; piece = pieces.next()) {
    const { length } = piece.value;
    if (audit?.keepsResponse === true) audit.responsePiece(piece.value);
    exchange.sentBytes += length;
    if (length > 0 && !stream.write(piece.value)) await stream.drained();
    if (turn.over) await turn.next();
    if (signal.aborted) return;
  }
  stream.end();
}
