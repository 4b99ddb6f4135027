/**
 * What every request needs, also as `@kubewright/api/protocol`: whoever loads that alone does not wait for schemas,
 * quantities and the rest of the package.
 */
export { apiVersionOf } from './api-version.js';
export {
  ApiError,
  isApiError,
  isGone,
  isNotFound,
  isTooManyRequests,
  type Status,
  type StatusReason,
} from './error.js';
export { initialEventsEnd } from './watch-event.js';
