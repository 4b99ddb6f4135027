import type { Exchange } from '../exchange.js';

/** Whether what the request carries or gets is for nobody else to see: passwords, keys, tokens. */
export function isConfidential({ server, info }: Exchange): boolean {
  if (!info.isResource) return false;
  const { group, version, resource, subresource } = info;
  const review = server.resources.reviewAt(group, version, resource);
  if (review !== undefined) return review.rules.confidential === true;
  const rules = server.resources.at(group, version, resource)?.resource.rules;
  return rules?.confidential === true || rules?.subresources?.[subresource]?.confidential === true;
}
