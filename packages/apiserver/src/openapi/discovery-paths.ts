import type { PathItemObject } from 'openapi3-ts/oas30';
import { capitalised, groupName, objectTypes } from './paths.js';
import type { DiscoveryDefinition, SchemaObjects } from './schema-objects.js';

/**
 * The path of a discovery document as OpenAPI has it: `api`, `apis`, `apis/GROUP`, `api/VERSION` or
 * `apis/GROUP/VERSION`.
 */
export function discoveryPath(path: string, schemas: SchemaObjects): [string, PathItemObject] {
  const { id, tag, definition } = operationOf(path);
  const schema = schemas.meta(definition);
  const content = Object.fromEntries(objectTypes.map((type) => [type, { schema }]));
  const responses = { 200: { description: 'OK', content }, 401: { description: 'Unauthorized' } };
  const description = 'Says what there is.';
  return [`/${path}/`, { get: { tags: [tag], description, operationId: id, responses } }];
}

function operationOf(path: string): { id: string; tag: string; definition: DiscoveryDefinition } {
  const [root, ...rest] = path.split('/');
  if (rest.length === 0)
    return root === 'api'
      ? { id: 'getCoreAPIVersions', tag: 'core', definition: 'APIVersions' }
      : { id: 'getAPIVersions', tag: 'apis', definition: 'APIGroupList' };
  const [group = '', version] = root === 'api' ? ['', ...rest] : rest;
  const tag = groupName(group);
  if (version === undefined) return { id: `get${capitalised(tag)}APIGroup`, tag, definition: 'APIGroup' };
  const id = `get${capitalised(tag)}${capitalised(version)}APIResources`;
  return { id, tag: `${tag}_${version}`, definition: 'APIResourceList' };
}
