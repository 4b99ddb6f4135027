import type { Kind } from '@kubewright/api';

/** Where a resource stands, as much of it as makes its path. */
export type ResourceLocation = Pick<Kind, 'group' | 'version' | 'plural' | 'scope'>;

/** What a path names below the resource. */
export interface PathParts {
  /** Left out for a kind of the cluster, and for a list over all namespaces. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** `/api/v1` or `/apis/group/version`. */
export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** The path of a resource, of one object, or of its subresource. @throws TypeError for an empty name */
export function resourcePath(location: ResourceLocation, parts: PathParts): string {
  const segments = [groupVersionPath(location.group, location.version)];
  if (location.scope === 'Namespaced' && parts.namespace !== undefined)
    segments.push('namespaces', segment(parts.namespace, 'namespace'));
  segments.push(location.plural);
  if (parts.name !== undefined) segments.push(segment(parts.name, 'name'));
  if (parts.subresource !== undefined) segments.push(parts.subresource);
  return segments.join('/');
}

/** `.` and `..` would be resolved away on the way, an empty name would turn an object into its list. */
function segment(value: string, what: string): string {
  if (value === '' || value === '.' || value === '..' || value.includes('/'))
    throw new TypeError(`${JSON.stringify(value)} is no ${what} that an object can have`);
  return encodeURIComponent(value);
}
