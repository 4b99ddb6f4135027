import type { Kind } from '@kubewright/api';

/** What discovery says of a kind at one of its served versions. */
export type DiscoveredKind = Pick<
  Kind,
  | 'group'
  | 'version'
  | 'kind'
  | 'apiVersion'
  | 'plural'
  | 'singular'
  | 'scope'
  | 'shortNames'
  | 'categories'
  | 'verbs'
  | 'subresources'
> & {
  /** The version that is stored, where it is another one. @default the kind's own */
  readonly storedAs?: { readonly group: string; readonly version: string };
  /** True for custom resources, of which upstream says a few things otherwise. */
  readonly isCustom?: boolean;
};
