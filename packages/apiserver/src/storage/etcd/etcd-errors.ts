import { ApiError } from '@kubewright/api';
import { CallError, status } from '../../grpc/call-error.js';

/** The revision asked for is compacted. */
export function isCompacted(error: unknown): boolean {
  return error instanceof CallError && error.details.includes('required revision has been compacted');
}

export function isFutureRevision(error: unknown): boolean {
  return error instanceof CallError && error.details.includes('required revision is a future revision');
}

export function isTokenInvalid(error: CallError): boolean {
  return error.code === status.unauthenticated || error.details.includes('invalid auth token');
}

/** The member can't answer now; another, or the same a little later, may. */
export function isMemberFault({ code, details }: CallError): boolean {
  return (
    code === status.unavailable ||
    code === status.deadlineExceeded ||
    (code === status.unknown && /leader|timed out|stopped|not healthy/.test(details)) ||
    (code === status.internal && !details.startsWith('etcdserver'))
  );
}

/** The request has certainly not been carried out: no connection, or etcd refused to begin. */
export function isUnsent({ unsent, details }: CallError): boolean {
  return unsent || /etcdserver: (no leader|too many requests|not capable)/.test(details);
}

/** What a client of the API server is told. etcd's own words are in it, as upstream has them. */
export function toApiError(error: unknown, outcomeUnknown: boolean): unknown {
  if (!(error instanceof CallError)) return error;
  const { code, details } = error;
  if (code === status.invalidArgument && details.includes('request is too large'))
    return new ApiError('RequestEntityTooLarge', details, { cause: error });
  if (!isMemberFault(error)) return new ApiError('InternalError', details, { cause: error });
  if (outcomeUnknown) {
    const message = `Timeout: the write may or may not have happened: ${details}`;
    // Not to be tried again by itself, as clients do where they are told when.
    return new ApiError('Timeout', message, { cause: error });
  }
  return new ApiError('ServiceUnavailable', `etcd can't be reached: ${details}`, {
    cause: error,
    details: { retryAfterSeconds: 1 },
  });
}
