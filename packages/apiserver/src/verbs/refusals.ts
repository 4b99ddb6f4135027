import { ApiError, type Kind } from '@kubewright/api';
import { isBuiltinGroup } from '../discovery/group-order.js';
import type { Exchange } from '../exchange.js';
import { notFoundPage } from '../http/not-found-page.js';

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

/** The answer to a watch of what can only be listed. */
export function watchNotSupported({ group, plural }: Kind): ApiError {
  const name = group === '' ? plural : `${plural}.${group}`;
  return new ApiError('MethodNotAllowed', `watch is not supported on resources of kind "${name}"`, {
    details: { ...(group === '' ? {} : { group }), kind: plural },
  });
}

/**
 * The answer to a path below `/api` or `/apis` that leads nowhere: a Status where a built-in group is, whose routes
 * refuse it, and a page elsewhere.
 */
export function answerUnknown(exchange: Exchange): void {
  if (isBuiltinGroup(exchange.info.group)) throw unknownResource();
  notFoundPage(exchange);
}
