import { randomUUID } from 'node:crypto';
import { ApiError, encodeJson, isApiError, type Status } from '@kubewright/api';
import type { AuditRecord } from './audit/audit-record.js';
import { anonymousUser, type User } from './auth/user.js';
import { encodeAnswer } from './encoding/encode-answer.js';
import {
  type Endpoint,
  type MediaType,
  negotiate,
  negotiateStream,
  plainJson,
  statusEndpoint,
} from './encoding/negotiate.js';
import type { Execution } from './flow-control/execution.js';
import type { Refused } from './flow-control/flow-control.js';
import type { ApiRequest, ByteStream, ResponseHeaders, ResponseSink } from './http/api-request.js';
import { requestTimeout } from './http/deadline.js';
import { gzipped, gzipThreshold, takesGzip } from './http/gzip-stream.js';
import type { RequestInfo } from './http/request-info.js';
import { Warnings } from './http/warnings.js';
import type { RequestSeries } from './metrics/request-series.js';
import type { ApiServer } from './server.js';

/**
 * One request on its way through the stages, and its answer. A stage reads what the ones before it found out; the one
 * that answers ends the journey.
 */
export class Exchange {
  readonly server: ApiServer;
  readonly request: ApiRequest;
  readonly #sink: ResponseSink;
  #warnings: Warnings | undefined;
  #auditAnnotations: Map<string, string> | undefined;
  #stream: ByteStream | undefined;
  #expired: ApiError | undefined;
  #auditId: string | undefined;
  readonly startedAt: number;
  info!: RequestInfo;
  user: User = anonymousUser;
  /** Who asks in fact, where {@link user} is somebody else, and the verb that allowed that. */
  impersonation: { readonly by: User; readonly constraint: string } | undefined;
  /** Where flow control put it, which is given back at the end. */
  flow: Execution | Refused | undefined;
  /** What is written down of it, where the policy wants something. */
  audit: AuditRecord | undefined;
  /** The status of the answer; 0 until there is one, 101 where a connection was upgraded. */
  status = 0;
  /** Where it is counted; undefined until it has reached what does the work. */
  counted: RequestSeries | undefined;
  /** Milliseconds that it waited for webhooks and for its turn. */
  waitedMs = 0;
  /** Expires the request unless it is cleared. */
  deadline: NodeJS.Timeout | undefined;
  /** Bytes of the answer's body. */
  sentBytes = 0;
  /** How the client wants the answer. */
  accepted: MediaType = plainJson;

  constructor(server: ApiServer, request: ApiRequest, sink: ResponseSink) {
    this.server = server;
    this.request = request;
    this.#sink = sink;
    this.startedAt = server.now();
  }

  get answered(): boolean {
    return this.status !== 0;
  }

  /** Gives back what flow control gave. */
  leaveFlow(): void {
    if (this.flow !== undefined && 'release' in this.flow) this.flow.release();
  }

  /** Names the request in logs of all sorts: what its client calls it, or something new. */
  get auditId(): string {
    if (this.#auditId === undefined) {
      const given = this.request.headers['audit-id'];
      this.#auditId = typeof given === 'string' && given !== '' && given.length <= 64 ? given : randomUUID();
    }
    return this.#auditId;
  }

  /** The whole body. @throws ApiError RequestEntityTooLarge */
  async readBody(): Promise<Buffer> {
    const bytes = await this.request.readBody();
    this.counted?.bodies.observe(bytes.length);
    this.audit?.body(bytes);
    return bytes;
  }

  /** A `Warning` header of the answer; a text is sent once. */
  warn(...texts: string[]): void {
    if (texts.length === 0) return;
    this.#warnings ??= new Warnings();
    for (const text of texts) this.#warnings.add(text);
  }

  /**
   * Adds to the audit event; the first value of a key stays. Source: apiserver's `audit.AddAuditAnnotation`.
   * @param holdsContent for what is only written down where the request itself is
   */
  annotate(key: string, value: string, holdsContent = false): void {
    if (holdsContent && this.audit?.keepsRequest !== true) return;
    this.#auditAnnotations ??= new Map();
    if (!this.#auditAnnotations.has(key)) this.#auditAnnotations.set(key, value);
  }

  /** What {@link annotate} was told. */
  get auditAnnotations(): ReadonlyMap<string, string> | undefined {
    return this.#auditAnnotations;
  }

  /**
   * Settles how the client gets its answer, before anything is done for it.
   * @throws ApiError NotAcceptable
   */
  accept(endpoint: Endpoint): void {
    const { accept } = this.request.headers;
    if (this.info.verb === 'watch') this.accepted = negotiateStream(accept, endpoint);
    else this.accepted = this.forPeople(negotiate(accept, endpoint));
  }

  send(status: number, contentType: string, body: Uint8Array | string, headers?: ResponseHeaders): void {
    if (this.#expired !== undefined) return;
    this.sentBytes = body.length;
    if (body.length > gzipThreshold && this.#takesGzip) {
      const stream = this.openLong(status, contentType, headers);
      stream.write(body);
      stream.end();
      return;
    }
    this.status = status;
    this.#sink.send(status, this.#headers(contentType, headers), body);
  }

  /** For a stream without an end of its own: bytes leave as they come. */
  open(status: number, contentType: string, headers?: ResponseHeaders): ByteStream {
    if (this.#expired !== undefined) throw this.#expired;
    this.status = status;
    this.#stream = this.#sink.open(status, this.#headers(contentType, headers));
    this.audit?.responding();
    // A watch has begun, and holds nobody up.
    if (this.info.verb === 'watch') this.leaveFlow();
    return this.#stream;
  }

  /** For answers of many bytes that end by themselves: compressed where the client takes that. */
  openLong(status: number, contentType: string, headers?: ResponseHeaders): ByteStream {
    if (!this.#takesGzip) return this.open(status, contentType, headers);
    const vary = headers?.vary === undefined ? 'Accept-Encoding' : `${headers.vary}, Accept-Encoding`;
    this.#stream = gzipped(this.open(status, contentType, { ...headers, vary, 'content-encoding': 'gzip' }));
    return this.#stream;
  }

  get #takesGzip(): boolean {
    const { method, headers } = this.request;
    return method !== 'HEAD' && takesGzip(headers['accept-encoding']);
  }

  /** Ends a request that took too long: an answer that has begun breaks off, and what still comes is dropped. */
  expire(): void {
    const error = requestTimeout();
    this.#expired = error;
    const { requests } = this.server.metrics;
    if (this.#stream !== undefined) {
      requests.aborted(this);
      this.#stream.destroy();
    } else if (!this.answered) {
      requests.terminated(this, 504);
      this.#tellTimeout(error);
    }
    this.request.abandon(error);
  }

  /** Not negotiated, and without kind and version: upstream's filter writes the bare fields of the Status. */
  #tellTimeout(error: ApiError): void {
    const { kind: _, apiVersion: __, ...status } = error.toStatus();
    this.audit?.failed(error.toStatus());
    this.status = 504;
    const body = `${encodeJson(status)}\n`;
    this.sentBytes = body.length;
    this.#sink.send(504, this.#headers('text/plain; charset=utf-8', undefined), body);
  }

  /** @throws ApiError Timeout where {@link expire} ended it */
  assertWanted(): void {
    if (this.#expired !== undefined) throw this.#expired;
  }

  /** Whether {@link expire} ended it. */
  get expired(): boolean {
    return this.#expired !== undefined;
  }

  /** Answers with an object that is JSON so far, in the type that the client wants. */
  sendJson(status: number, json: Uint8Array | string): void {
    this.audit?.response(json);
    this.send(status, this.accepted.type, encodeAnswer(this.accepted, json));
  }

  sendObject(status: number, object: object): void {
    this.sendJson(status, encodeJson(object));
  }

  /** Answers with the Status that an error stands for; anything but an ApiError is an internal error and is logged. */
  fail(error: unknown): void {
    const status = this.#statusOf(error);
    this.audit?.failed(status);
    const headers: ResponseHeaders = {};
    const retryAfter = status.details?.retryAfterSeconds;
    if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
    // Its message repeats what was asked for, which a browser shall not take for a page.
    if (status.code === 403) headers['x-content-type-options'] = 'nosniff';
    const media = this.#statusType();
    this.send(status.code ?? 500, media.type, encodeAnswer(media, encodeJson(status)), headers);
  }

  /** An error is told in JSON, written for people, to those who take it in no type. */
  #statusType(): MediaType {
    try {
      return this.forPeople(negotiate(this.request.headers.accept, statusEndpoint));
    } catch (error) {
      if (!isApiError(error)) throw error;
      return { ...plainJson, pretty: true };
    }
  }

  /** People get JSON with a line for each member: those who ask for it, and those who look with curl or a browser. */
  forPeople(media: MediaType): MediaType {
    if (media.type !== 'application/json') return media;
    const asked = this.info?.query.get('pretty') ?? '';
    const { 'user-agent': agent = '' } = this.request.headers;
    const pretty = media.pretty || (asked === '' ? peoplesAgents.test(agent) : isTrue(asked));
    return pretty ? { ...media, pretty } : media;
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
    if (contentType === '') delete headers['content-type'];
    if (more !== undefined) Object.assign(headers, more);
    if (this.flow !== undefined) {
      headers['x-kubernetes-pf-flowschema-uid'] = this.flow.schemaUid;
      headers['x-kubernetes-pf-prioritylevel-uid'] = this.flow.levelUid;
    }
    headers['audit-id'] = this.auditId;
    // Source: RFC 7234, 5.5; 299 is the code of miscellaneous persistent warnings.
    if (this.#warnings !== undefined)
      headers.warning = this.#warnings.sent.map((text) => `299 - ${quote(text)}`);
    return headers;
  }
}

/** Source: `isPrettyPrint` of the API server's negotiation. */
const peoplesAgents = /^(?:curl|Wget|Mozilla\/5\.0)/;

function isTrue(text: string): boolean {
  return /^(?:1|t|true)$/i.test(text);
}

function quote(text: string): string {
  if (!/[^\x20-\x7e]|["\\]/.test(text)) return `"${text}"`;
  // Header values are Latin-1 without control characters.
  const printable = text.replace(/[^\x20-\x7e]/g, ' ');
  return `"${printable.replace(/["\\]/g, '\\$&')}"`;
}
