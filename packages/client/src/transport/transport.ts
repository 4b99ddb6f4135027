/** One HTTP request, independent of what carries it. */
export interface TransportRequest {
  /** In capitals. */
  readonly method: string;
  /** Absolute and percent-encoded, without query: `/api/v1/namespaces/web/pods`. */
  readonly path: string;
  readonly query?: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Aborting ends the request, and the answer's body when that is still being read. */
  readonly signal?: AbortSignal | undefined;
}

/** The answer's head, and its body as it arrives. The body must be read to its end or be left (`return()`). */
export interface TransportResponse {
  readonly status: number;
  /** Names in lower case; repeated headers are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** A request to leave HTTP for a WebSocket: exec, attach, port-forward. */
export interface ConnectRequest {
  readonly path: string;
  readonly query?: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Subprotocols, the preferred first: `v5.channel.k8s.io`. */
  readonly protocols: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** A message connection in both directions. */
export interface TransportConnection {
  /** The subprotocol that the server took. */
  readonly protocol: string;
  /** Binary messages as they arrive; ends when the other side closes, throws when the connection breaks. */
  readonly messages: AsyncIterable<Uint8Array>;
  /** Resolves when the message is handed on, so that a fast writer waits for a slow reader. */
  send(message: Uint8Array): Promise<void>;
  /** Resolves when neither side can send any more, for whatever reason. */
  readonly closed: Promise<void>;
  /** Closes both directions; may be called again. */
  close(): void;
}

/** Carries requests to one API server: {@link httpsTransport}, {@link inProcessTransport}, or a user's own. */
export interface Transport {
  /** Which server this is, as `host:port`, for metrics. @default not known */
  readonly host?: string | undefined;
  /** @throws TransportError when no answer came */
  request(request: TransportRequest): Promise<TransportResponse>;
  /** @throws ConnectRefused when the server answers with something else than an upgrade, TransportError when with nothing */
  connect(request: ConnectRequest): Promise<TransportConnection>;
  /** Ends what is under way and gives up its connections. */
  close(): Promise<void>;
}

/** No answer came, or it broke off: connection refused or reset, TLS failure, unknown host. `cause` says which. */
export class TransportError extends Error {
  /** True when the request can't have reached the server, so that even a write may be sent again. */
  readonly unsent: boolean;
  /** True when the next try would end the same: a certificate that does not fit, a closed client. */
  readonly permanent: boolean;

  constructor(
    message: string,
    options: { readonly cause?: unknown; readonly unsent: boolean; readonly permanent?: boolean },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TransportError';
    this.unsent = options.unsent;
    this.permanent = options.permanent ?? false;
  }
}

/** The server answered a request to upgrade with an ordinary response. */
export class ConnectRefused extends Error {
  readonly response: TransportResponse;

  constructor(response: TransportResponse) {
    super(`the server refused to upgrade the connection with status ${response.status}`);
    this.name = 'ConnectRefused';
    this.response = response;
  }
}
