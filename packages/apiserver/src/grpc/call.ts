import { CallError, status } from './call-error.js';
import type { StreamListener } from './http2-connection.js';
import { MessageReader } from './message-reader.js';

/** What a call gives to who made it. */
export interface CallListener {
  onMessage(message: Buffer): void;
  /** Undefined: the server is done and content. Called once, the last. */
  onEnd(error: CallError | undefined): void;
}

/** Makes messages and a status of what comes on a stream. Source: gRPC over HTTP/2. */
export class Call implements StreamListener {
  readonly #listener: CallListener;
  readonly #messages = new MessageReader();
  #begun = false;
  /** Nothing is told any more. */
  over = false;

  constructor(listener: CallListener) {
    this.#listener = listener;
  }

  onHeaders(headers: ReadonlyMap<string, string>, last: boolean): void {
    const first = !this.#begun;
    this.#begun = true;
    const refused = first ? notGrpc(headers) : undefined;
    if (refused !== undefined) this.end(refused);
    else if (last) this.end(outcomeOf(headers));
  }

  onData(bytes: Buffer, last: boolean): void {
    if (this.over) return;
    try {
      this.#messages.read(bytes, this.#onMessage);
    } catch (error) {
      this.end(error instanceof CallError ? error : malformed(error));
      return;
    }
    if (last) this.end(new CallError(status.unavailable, 'the answer ends without a status'));
  }

  onFailure(error: CallError): void {
    this.end(error);
  }

  /** Nothing is told after it. */
  end(error: CallError | undefined): void {
    if (this.over) return;
    this.over = true;
    const cutOff = error === undefined && this.#messages.cutOff;
    this.#listener.onEnd(cutOff ? new CallError(status.internal, 'a message is cut off') : error);
  }

  readonly #onMessage = (message: Buffer) => {
    if (!this.over) this.#listener.onMessage(message);
  };
}

function malformed(cause: unknown): CallError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CallError(status.internal, `a message makes no sense: ${why}`, { cause });
}

/** What ends the call where somebody answers who does not speak gRPC. */
function notGrpc(headers: ReadonlyMap<string, string>): CallError | undefined {
  const answered = headers.get(':status') ?? '';
  if (answered === '200' && headers.get('content-type')?.startsWith('application/grpc')) return undefined;
  return new CallError(statusOfHttp[answered] ?? status.unknown, `HTTP status ${answered} and no gRPC`);
}

const statusOfHttp: Readonly<Record<string, number>> = {
  400: status.internal,
  401: status.unauthenticated,
  403: status.permissionDenied,
  404: status.unimplemented,
  429: status.unavailable,
  502: status.unavailable,
  503: status.unavailable,
  504: status.unavailable,
};

function outcomeOf(trailers: ReadonlyMap<string, string>): CallError | undefined {
  const code = trailers.get('grpc-status');
  if (code === '0') return undefined;
  return new CallError(Number(code ?? status.unknown), wordsOf(trailers.get('grpc-message') ?? 'no status'));
}

/** Percent-encoded, unless somebody did it wrong. */
function wordsOf(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
