import type { GroupVersionKind } from '../admission-request.js';

/** The kind of parameters, its `apiVersion` divided. */
export function groupVersionKind({
  apiVersion = '',
  kind = '',
}: {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
}): GroupVersionKind {
  const slash = apiVersion.indexOf('/');
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1), kind };
}
