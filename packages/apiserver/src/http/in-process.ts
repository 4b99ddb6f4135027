import { PassThrough, Readable } from 'node:stream';
import type { TransportRequest, TransportResponse } from '@kubewright/client';
import type { User } from '../auth/user.js';
import type { ByteStream, ResponseHeaders, ResponseSink } from './api-request.js';
import type { HandleRequest } from './express-adapter.js';
import { untilDrained } from './until-drained.js';

/** Calls the core without sockets, as the user given: the handler of the client's in-process transport. */
export function inProcessHandler(
  handle: HandleRequest,
  user: User,
): (request: TransportRequest) => Promise<TransportResponse> {
  return (request) =>
    new Promise((resolve, reject) => {
      const abort = new AbortController();
      const signal = request.signal == null ? abort.signal : AbortSignal.any([request.signal, abort.signal]);
      const query = request.query?.toString() ?? '';
      const sink = new MemorySink(resolve, () => abort.abort(new Error('the reader left')));
      handle(
        {
          method: request.method,
          url: query === '' ? request.path : `${request.path}?${query}`,
          headers: request.headers,
          rawHeaders: Object.entries(request.headers).flat(),
          readBody: async () => Buffer.from(request.body ?? ''),
          bodyStream: () => Readable.from([Buffer.from(request.body ?? '')]),
          signal,
          abandon: (reason) => abort.abort(reason),
          remoteAddress: '',
          user,
        },
        sink,
      ).catch(reject);
    });
}

class MemorySink implements ResponseSink {
  readonly #answer: (response: TransportResponse) => void;
  readonly #left: () => void;

  constructor(answer: (response: TransportResponse) => void, left: () => void) {
    this.#answer = answer;
    this.#left = left;
  }

  send(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    this.#answer({ status, headers: flat(headers), body: once(bytes) });
  }

  open(status: number, headers: ResponseHeaders): ByteStream {
    const stream = new PassThrough();
    stream.once('close', this.#left);
    this.#answer({ status, headers: flat(headers), body: stream });
    return {
      write: (bytes) => stream.destroyed || stream.write(bytes),
      drained: (withinMs) => untilDrained(stream, withinMs),
      end: () => stream.end(),
      destroy: () => stream.destroy(),
    };
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function flat(headers: ResponseHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : value.join(', '),
    ]),
  );
}
