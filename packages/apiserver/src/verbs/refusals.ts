import { ApiError } from '@kubewright/api';

/** The answer to a path that names no resource, in upstream's words. */
export function unknownResource(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource', { details: {} });
}

/** The answer to a method that the resource does not have. */
export function methodNotAllowed(): ApiError {
  return new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {
    details: {},
  });
}
