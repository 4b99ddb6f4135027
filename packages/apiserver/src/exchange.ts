import { ApiError, encodeJson, isApiError, type Status } from '@kubewright/api';
import type { User } from './auth/user.js';
import { type MediaType, negotiate } from './encoding/negotiate.js';
import { toYaml } from './encoding/yaml.js';
import type { ApiRequest, ByteStream, ResponseHeaders, ResponseSink } from './http/api-request.js';
import type { RequestInfo } from './http/request-info.js';
import type { ApiServer } from './server.js';

const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/**
 * One request on its way through the stages, and its answer. A stage reads what the ones before it found out; the one
 * that answers ends the journey.
 */
export class Exchange {
  readonly server: ApiServer;
  readonly request: ApiRequest;
  readonly #sink: ResponseSink;
  readonly #warnings: string[] = [];
  readonly startedAt: number;
  info!: RequestInfo;
  user: User = anonymous;
  /** The status of the answer; 0 until there is one, 101 where a connection was upgraded. */
  status = 0;

  constructor(server: ApiServer, request: ApiRequest, sink: ResponseSink) {
    this.server = server;
    this.request = request;
    this.#sink = sink;
    this.startedAt = server.now();
  }

  get answered(): boolean {
    return this.status !== 0;
  }

  /** A `Warning` header of the answer; a text is sent once. */
  warn(...texts: string[]): void {
    for (const text of texts) if (!this.#warnings.includes(text)) this.#warnings.push(text);
  }

  /** How the client wants the answer. @throws ApiError NotAcceptable */
  get accepted(): MediaType {
    return negotiate(this.request.headers.accept);
  }

  send(status: number, contentType: string, body: Uint8Array | string, headers?: ResponseHeaders): void {
    this.status = status;
    this.#sink.send(status, this.#headers(contentType, headers), body);
  }

  open(status: number, contentType: string): ByteStream {
    this.status = status;
    return this.#sink.open(status, this.#headers(contentType, undefined));
  }

  /** Answers with JSON bytes, or with the same as YAML where that was asked for. */
  sendJson(status: number, json: Uint8Array | string): void {
    if (this.accepted.type === 'application/yaml') {
      this.send(status, 'application/yaml', toYaml(Buffer.from(json)));
      return;
    }
    this.send(status, 'application/json', json);
  }

  sendObject(status: number, object: object): void {
    this.sendJson(status, encodeJson(object));
  }

  /** Answers with the Status that an error stands for; anything but an ApiError is an internal error and is logged. */
  fail(error: unknown): void {
    const status = this.#statusOf(error);
    const headers: ResponseHeaders = {};
    const retryAfter = status.details?.retryAfterSeconds;
    if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
    this.send(status.code ?? 500, 'application/json', encodeJson(status), headers);
  }

  #statusOf(error: unknown): Status {
    if (isApiError(error)) return error.toStatus();
    if (!this.request.signal.aborted)
      this.server.logger.error({ err: error, path: this.info?.path }, 'request failed unexpectedly');
    const message = error instanceof Error ? error.message : String(error);
    return new ApiError('InternalError', `Internal error occurred: ${message}`, {
      details: { causes: [{ message }] },
    }).toStatus();
  }

  #headers(contentType: string, more: ResponseHeaders | undefined): ResponseHeaders {
    const headers: ResponseHeaders = { 'content-type': contentType, 'cache-control': 'no-cache, private' };
    if (more !== undefined) Object.assign(headers, more);
    // Source: RFC 7234, 5.5; 299 is the code of miscellaneous persistent warnings.
    if (this.#warnings.length > 0) headers.warning = this.#warnings.map((text) => `299 - ${quote(text)}`);
    return headers;
  }
}

function quote(text: string): string {
  // Header values are Latin-1 without control characters.
  const printable = text.replace(/[^\x20-\x7e]/g, ' ');
  return `"${printable.replace(/["\\]/g, '\\$&')}"`;
}
