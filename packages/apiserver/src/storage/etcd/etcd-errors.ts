import { status } from '@grpc/grpc-js';
import { ApiError } from '@kubewright/api';

/** What a failed call says: gRPC's code and etcd's words. */
export interface CallError extends Error {
  readonly code: number;
  readonly details: string;
}

export function isCallError(error: unknown): error is CallError {
  return error instanceof Error && 'code' in error && 'details' in error;
}

/** The revision asked for is compacted. */
export function isCompacted(error: unknown): boolean {
  return isCallError(error) && error.details.includes('required revision has been compacted');
}

export function isFutureRevision(error: unknown): boolean {
  return isCallError(error) && error.details.includes('required revision is a future revision');
}

export function isTokenInvalid(error: CallError): boolean {
  return error.code === status.UNAUTHENTICATED || error.details.includes('invalid auth token');
}

/** The member can't answer now; another, or the same a little later, may. */
export function isMemberFault({ code, details }: CallError): boolean {
  return (
    code === status.UNAVAILABLE ||
    code === status.DEADLINE_EXCEEDED ||
    (code === status.UNKNOWN && /leader|timed out|stopped|not healthy/.test(details)) ||
    (code === status.INTERNAL && !details.startsWith('etcdserver'))
  );
}

/** The request has certainly not been carried out: no connection, or etcd refused to begin. */
export function isUnsent({ details }: CallError): boolean {
  return /^No connection established|ECONNREFUSED|^Name resolution failed|etcdserver: (no leader|too many requests|not capable)/.test(
    details,
  );
}

/** What a client of the API server is told. etcd's own words are in it, as upstream has them. */
export function toApiError(error: unknown, outcomeUnknown: boolean): unknown {
  if (!isCallError(error)) return error;
  const { code, details } = error;
  if (code === status.INVALID_ARGUMENT && details.includes('request is too large'))
    return new ApiError('RequestEntityTooLarge', details, { cause: error });
  if (!isMemberFault(error)) return new ApiError('InternalError', details, { cause: error });
  if (outcomeUnknown) {
    const message = `Timeout: the write may or may not have happened: ${details}`;
    // Not to be tried again by itself, as clients do where they are told when.
    return new ApiError('Timeout', message, { cause: error });
  }
  // What gRPC puts around the reason, where it has one, helps nobody.
  const why = details.replace(
    /^No connection established\. Last error: (?:Error: )?(?!null)(.*?)\.? Resolution note:.*$/s,
    '$1',
  );
  return new ApiError('ServiceUnavailable', `etcd can't be reached: ${why}`, {
    cause: error,
    details: { retryAfterSeconds: 1 },
  });
}
