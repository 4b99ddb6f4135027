import type { Schema } from '@kubewright/api';
import type { OperationObject, PathItemObject } from 'openapi3-ts/oas30';
import type { SchemaObjects } from './schema-objects.js';

/** A path of the server's own that is no resource's and has an OpenAPI document: what it is for, and what it answers. */
interface ServerPath {
  readonly tag: string;
  readonly id: string;
  readonly description: string;
  readonly type: string;
  readonly schema?: Schema;
}

/** By what their documents are called. */
const serverPaths: Readonly<Record<string, ServerPath>> = {
  '.well-known/openid-configuration': {
    tag: 'WellKnown',
    id: 'getServiceAccountIssuerOpenIDConfiguration',
    description: 'Says where the keys are that verify the tokens of service accounts.',
    type: 'application/json',
  },
  'openid/v1/jwks': {
    tag: 'openid',
    id: 'getServiceAccountIssuerOpenIDKeyset',
    description: 'The public keys that verify the tokens of service accounts.',
    type: 'application/jwk-set+json',
  },
  version: {
    tag: 'version',
    id: 'getCodeVersion',
    description: 'Says which version of Kubernetes this is.',
    type: 'application/json',
    schema: versionInfo(),
  },
};

/** Which of these paths (`/version`) have documents, and what they are called. */
export function documentedServerPaths(paths: readonly string[]): string[] {
  return paths.map((path) => path.slice(1)).filter((name) => Object.hasOwn(serverPaths, name));
}

/** The path item of such a document; undefined for what is none. */
export function serverPath(name: string, schemas: SchemaObjects): [string, PathItemObject] | undefined {
  const found = Object.hasOwn(serverPaths, name) ? serverPaths[name] : undefined;
  if (found === undefined) return undefined;
  const schema =
    found.schema === undefined ? { type: 'string' as const } : schemas.own(infoName, found.schema);
  const get: OperationObject = {
    tags: [found.tag],
    description: found.description,
    operationId: found.id,
    responses: {
      200: { description: 'OK', content: { [found.type]: { schema } } },
      401: { description: 'Unauthorized' },
    },
  };
  return [`/${name}/`, { get }];
}

const infoName = 'io.k8s.apimachinery.pkg.version.Info';

function versionInfo(): Schema {
  const required = [
    'major',
    'minor',
    'gitVersion',
    'gitCommit',
    'gitTreeState',
    'buildDate',
    'goVersion',
  ].concat('compiler', 'platform');
  const described: Readonly<Record<string, string>> = {
    major: 'The major version of Kubernetes.',
    minor: 'The minor version of Kubernetes.',
    emulationMajor: 'The major version that is emulated.',
    emulationMinor: 'The minor version that is emulated.',
    minCompatibilityMajor: 'The major version of the oldest that this one gets along with.',
    minCompatibilityMinor: 'The minor version of the oldest that this one gets along with.',
  };
  const names = [...new Set([...Object.keys(described), ...required])].sort();
  const property = (name: string): Schema => ({
    ...(described[name] === undefined ? {} : { description: described[name] }),
    type: 'string',
    ...(required.includes(name) ? { default: '' } : {}),
  });
  return {
    description: 'Which version of Kubernetes a server is, and how it was built.',
    type: 'object',
    required,
    properties: Object.fromEntries(names.map((name) => [name, property(name)])),
  };
}
