import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** How long a client has to read why it is turned away, while what it still sends is thrown away. Go's server has it. */
const readMs = 500;

/** What Node's parser calls the faults that are not simply bad requests. */
const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Sockets that have their answer: what still comes on them is no request. */
const answered = new WeakSet<Duplex>();

/** What Node notes at a socket: the answer that is under way. */
interface Answering extends Duplex {
  readonly _httpMessage?: { readonly headersSent: boolean } | null;
}

/**
 * Answers what is no request, or has a head that is too long, as Go's server does, and lets the client read that: a
 * connection that is closed while there is something to be read in it would be reset, and the answer be lost.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (answered.has(socket)) return;
  answered.add(socket);
  // Into the middle of an answer nothing can be written.
  const answering = (socket as Answering)._httpMessage?.headersSent === true;
  if (!socket.writable || answering || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = statuses[error.code ?? ''] ?? 400;
  const text = `${status} ${STATUS_CODES[status] ?? ''}`;
  socket.end(
    `HTTP/1.1 ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${text}`,
  );
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), readMs);
  socket.once('close', () => clearTimeout(timer));
}
