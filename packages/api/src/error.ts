import type { Status, StatusCause, StatusDetails } from './generated/meta/v1.js';

export type { Status, StatusCause, StatusDetails };

/** The reasons that a Status may carry, each with its HTTP code. Source: apimachinery's `StatusReason`. */
export const statusCodes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 504,
  Timeout: 504,
} as const;

export type StatusReason = keyof typeof statusCodes | '';

const brand = Symbol.for('kubewright.ApiError');

export interface ApiErrorOptions {
  readonly details?: StatusDetails;
  /** Defaults to the reason's code. */
  readonly code?: number;
  readonly cause?: unknown;
  /** The token with which a list goes on whose own token is too old. */
  readonly continue?: string;
}

/**
 * The one error that a client sees, on both sides of the wire: the server throws it, the client throws what it
 * decoded. `reason` and `details` are those of the Status it becomes.
 */
export class ApiError extends Error {
  readonly [brand] = true;
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  readonly continue: string | undefined;

  constructor(reason: StatusReason, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.reason = reason;
    this.code = options.code ?? (reason === '' ? 500 : statusCodes[reason]);
    this.details = options.details;
    this.continue = options.continue;
  }

  /** The Status that goes on the wire. */
  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continue === undefined ? {} : { continue: this.continue },
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }

  /** The error that a Status of an answer or of a watch event stands for. */
  static fromStatus(status: Status): ApiError {
    const reason = status.reason ?? '';
    return new ApiError(reason in statusCodes ? (reason as StatusReason) : '', status.message ?? reason, {
      code: status.code ?? 500,
      ...(status.details === undefined ? {} : { details: status.details }),
      ...(status.metadata?.continue === undefined ? {} : { continue: status.metadata.continue }),
    });
  }
}

/** True for an ApiError of any copy of this package. */
export function isApiError(error: unknown): error is ApiError {
  return typeof error === 'object' && error !== null && brand in error;
}

const hasReason =
  (...reasons: StatusReason[]) =>
  (error: unknown): error is ApiError =>
    isApiError(error) && reasons.includes(error.reason);

export const isNotFound = hasReason('NotFound');
export const isAlreadyExists = hasReason('AlreadyExists');
export const isConflict = hasReason('Conflict');
export const isInvalid = hasReason('Invalid');
export const isForbidden = hasReason('Forbidden');
/** 410: the revision that a watch or a continue token named is compacted. */
export const isGone = hasReason('Gone', 'Expired');
export const isTooManyRequests = hasReason('TooManyRequests');

/** Names a resource in an error as upstream does: `deployments.apps "web"`. */
export interface QualifiedResource {
  readonly group: string;
  readonly plural: string;
}

function qualified({ group, plural }: QualifiedResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function detailsOf(resource: QualifiedResource, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    ...(resource.plural === '' ? {} : { kind: resource.plural }),
  };
}

export function notFound(resource: QualifiedResource, name: string): ApiError {
  return new ApiError('NotFound', `${qualified(resource)} "${name}" not found`, {
    details: detailsOf(resource, name),
  });
}

export function alreadyExists(resource: QualifiedResource, name: string): ApiError {
  return new ApiError('AlreadyExists', `${qualified(resource)} "${name}" already exists`, {
    details: detailsOf(resource, name),
  });
}

export function conflict(resource: QualifiedResource, name: string, why: string): ApiError {
  return new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    { details: detailsOf(resource, name) },
  );
}

/** @param resource with an empty plural where none is meant @param name empty where no single object is meant */
export function forbidden(resource: QualifiedResource, name: string, why: string): ApiError {
  const what = name === '' ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return new ApiError(
    'Forbidden',
    resource.plural === '' ? `forbidden: ${why}` : `${what} is forbidden: ${why}`,
    {
      details: detailsOf(resource, name),
    },
  );
}

export function badRequest(message: string): ApiError {
  return new ApiError('BadRequest', message);
}

/** The message of a stale write, as upstream words it. */
export const staleObject =
  'the object has been modified; please apply your changes to the latest version and try again';
