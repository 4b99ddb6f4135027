import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { User } from '../auth/user.js';

/** A certificate that the client showed when the connection was made. */
export interface ClientCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** The UID of the user, where the subject names one. */
  readonly uid?: string;
  /** SHA-256 of the certificate, in hexadecimal. */
  readonly fingerprint: string;
  /** When it ends, in milliseconds since the epoch. */
  readonly notAfter: number;
  /** Which of the listener's CAs vouch for it; none for a certificate that is not good. */
  readonly trustedAs: readonly CertificateUse[];
}

/** What a CA of a listener vouches for: that somebody is who he is, or that he may say on whose behalf he asks. */
export type CertificateUse = 'client' | 'front proxy';

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
  /** Names and values in turn, as sent: here what came several times, which {@link headers} joins, is still apart. */
  readonly rawHeaders: readonly string[];
  /** The whole body. @throws ApiError RequestEntityTooLarge */
  readBody(): Promise<Buffer>;
  /** The body as it comes, however long: for who passes it on. */
  bodyStream(): Readable;
  /** Aborted when the client is gone, or nobody waits for the answer any more ({@link abandon}). */
  readonly signal: AbortSignal;
  /** Aborts {@link signal}. */
  abandon(reason: Error): void;
  readonly remoteAddress: string;
  /** Present when the client showed one, good or not. */
  readonly certificate?: ClientCertificate | undefined;
  /** Who asks, where the transport knows it: a caller in the same process. */
  readonly user?: User;
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
