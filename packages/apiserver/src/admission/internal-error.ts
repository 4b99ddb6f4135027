import { ApiError } from '@kubewright/api';

/** What failed in the server or in those whom it asks. Source: apimachinery's `NewInternalError`. */
export function internalError(cause: Error): ApiError {
  return new ApiError('InternalError', `Internal error occurred: ${cause.message}`, {
    cause,
    details: { causes: [{ message: cause.message }] },
  });
}
