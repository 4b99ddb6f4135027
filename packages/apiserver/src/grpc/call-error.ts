/** The codes of gRPC that something here hangs on. */
export const status = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** A call that failed: gRPC's code, and the words of the server or of the connection. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: number;
  readonly details: string;
  /** Whether the server has certainly not begun with it. */
  readonly unsent: boolean;

  constructor(
    code: number,
    details: string,
    { unsent = false, cause }: { readonly unsent?: boolean; readonly cause?: unknown } = {},
  ) {
    super(details, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
    this.unsent = unsent;
  }
}
