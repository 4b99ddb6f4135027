import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

/** Subject of a verified client certificate: CN is the user, each O a group. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** The raw connection of a request that asks for an upgrade (WebSocket, SPDY). */
export interface UpgradeRequest {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** A request without its socket: what the core handles, whether it came over TLS or from the same process. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query as sent, percent-encoded. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The whole body. @throws ApiError RequestEntityTooLarge */
  readBody(): Promise<Buffer>;
  /** Aborted when the client is gone, or nobody waits for the answer any more ({@link abandon}). */
  readonly signal: AbortSignal;
  /** Aborts {@link signal}. */
  abandon(reason: Error): void;
  readonly remoteAddress: string;
  /** Present when TLS verified a client certificate against the server's client CA. */
  readonly certificate?: CertificateSubject | undefined;
  readonly upgrade?: UpgradeRequest;
}

export type ResponseHeaders = Record<string, string | string[]>;

/** A body written piece by piece. */
export interface ByteStream {
  /** False when the reader is behind: wait for {@link drained} before more. */
  write(bytes: Uint8Array | string): boolean;
  /** Resolves when the reader has caught up, or is gone; with false when neither happens within the time. */
  drained(withinMs?: number): Promise<boolean>;
  end(): void;
  /** Breaks the connection and drops what the reader has not taken. */
  destroy(): void;
}

/** Where the answer to a request goes. Exactly one of the two is called, once. */
export interface ResponseSink {
  send(status: number, headers: ResponseHeaders, body: Uint8Array | string): void;
  open(status: number, headers: ResponseHeaders): ByteStream;
}

/** Upstream's limit for request bodies. */
export const maxBodyBytes = 3 * 1024 * 1024;
