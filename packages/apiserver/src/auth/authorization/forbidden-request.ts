import { type ApiError, forbidden } from '@kubewright/api';
import type { Attributes } from './authorizer.js';

/**
 * The refusal of what a user may not do:
 * `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"`.
 * @param reason why, as the authorizers say; may be empty
 */
export function forbiddenRequest(attributes: Attributes, reason: string): ApiError {
  const { apiGroup, resource, name, isResource } = attributes;
  const what = sanitised(refusal(attributes));
  const target = isResource ? { group: apiGroup, plural: resource } : { group: '', plural: '' };
  return forbidden(target, isResource ? name : '', reason === '' ? what : `${what}: ${reason}`);
}

function refusal({ user, verb, isResource, path, resource, subresource, apiGroup, namespace }: Attributes) {
  const who = `User ${JSON.stringify(user.name)}`;
  if (!isResource) return `${who} cannot ${verb} path ${JSON.stringify(path)}`;
  const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} cannot ${verb} resource ${what} in API group ${JSON.stringify(apiGroup)} ${where}`;
}

/** A message with a path in it must not look like HTML to a browser. */
function sanitised(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
