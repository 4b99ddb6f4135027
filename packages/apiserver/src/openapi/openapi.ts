import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { OpenAPIObject, PathItemObject, SecuritySchemeObject } from 'openapi3-ts/oas30';
import { mergeSwagger, type SwaggerPart } from '../aggregation/merge-swagger.js';
import { compareGroups, compareVersions } from '../discovery/group-order.js';
import { discoveryPath } from './discovery-paths.js';
import type { DocumentedKind } from './documented-kind.js';
import { encodeOpenApi, openApiProtobufAnswerType, openApiProtobufTypes } from './openapi-protobuf.js';
import { pathsOf } from './paths.js';
import { SchemaObjects } from './schema-objects.js';
import { documentedServerPaths, serverPath } from './server-paths.js';
import { swaggerDocument } from './swagger.js';
import { encodeSwagger, swaggerProtobufAnswerType, swaggerProtobufType } from './swagger-protobuf.js';

// Loaded with the first document: a server starts without.
const require = createRequire(import.meta.url);

/** What to send. */
export interface OpenApiAnswer {
  /** 200; 301 to the document of today for a request that names an outdated hash; 406. */
  readonly status: 200 | 301 | 406;
  /** Content type (empty where there is nothing to read), ETag and, where the hash is in the URL, caching for good. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The OpenAPI documents of a set of kinds. */
export interface OpenApi {
  /**
   * The document at `/openapi/v3`, `/openapi/v3/api/v1`, `/openapi/v3/apis/GROUP/VERSION` or `/openapi/v2`, undefined
   * where none is. `hash` is the query's. The documents are served as JSON and as protobuf: an Accept header that takes
   * neither gets 406. The index is JSON, whatever is accepted.
   */
  answer(
    path: string,
    options?: { readonly hash?: string | undefined; readonly accept?: string | undefined },
  ): OpenApiAnswer | undefined;
}

/**
 * `version` is the Kubernetes version served, such as `v1.36.0`. Where the kinds change, build another one `after` this
 * one: documents of the same kinds (the same values) are taken over.
 */
export function createOpenApi(
  kinds: readonly DocumentedKind[],
  version: string,
  { after, elsewhere = nowhere, serverPaths = [] }: OpenApiOptions = {},
): OpenApi {
  const before = after instanceof Documents ? after : undefined;
  return new Documents(kinds, version, {
    elsewhere,
    serverPaths: documentedServerPaths(serverPaths),
    before,
  });
}

interface OpenApiOptions {
  readonly after?: OpenApi | undefined;
  readonly elsewhere?: Elsewhere;
  /** Where the server answers besides its resources. @default none */
  readonly serverPaths?: readonly string[];
}

interface DocumentsOptions {
  readonly elsewhere: Elsewhere;
  /** What the documents of such paths are called. */
  readonly serverPaths: readonly string[];
  readonly before: Documents | undefined;
}

/** What other servers have, and say of themselves. */
export interface Elsewhere {
  /** Of version 2. */
  readonly swagger: readonly SwaggerPart[];
  /** Of version 3: `apis/GROUP/VERSION` to the path and query of its document. */
  readonly paths: Readonly<Record<string, string>>;
}

const nowhere: Elsewhere = { swagger: [], paths: {} };

const prefix = '/openapi/v3/';
const core = { group: '', version: 'v1' };

class Documents implements OpenApi {
  readonly #info: { title: string; version: string };
  readonly #elsewhere: Elsewhere;
  /** `api/v1` or `apis/apps/v1` to its kinds; the paths above them, such as `apis/apps`, have none. */
  readonly #groups = new Map<string, DocumentedKind[]>();
  readonly #hashes = new Map<string, string>();
  readonly #bodies = new Map<string, Buffer>();

  constructor(
    kinds: readonly DocumentedKind[],
    version: string,
    { elsewhere, serverPaths, before }: DocumentsOptions,
  ) {
    this.#elsewhere = elsewhere;
    this.#info = { title: 'Kubernetes', version };
    const ordered = [...kinds].sort(
      (a, b) => compareGroups(a.group, b.group) || compareVersions(a.version, b.version),
    );
    for (const root of ['api', 'apis', ...serverPaths]) this.#groups.set(root, []);
    for (const kind of ordered) {
      if (kind.group !== '' && !isThirdParty(kind)) this.#groups.set(`apis/${kind.group}`, []);
      const path = kind.group === '' ? `api/${kind.version}` : `apis/${kind.apiVersion}`;
      const group = this.#groups.get(path);
      if (group === undefined) this.#groups.set(path, [kind]);
      else group.push(kind);
    }
    if (before !== undefined) this.#takeOver(before);
  }

  #takeOver(before: Documents): void {
    for (const [group, kinds] of this.#groups) {
      const known = before.#groups.get(group);
      if (known?.length !== kinds.length || known.some((kind, i) => kind !== kinds[i])) continue;
      const hash = before.#hashes.get(group);
      if (hash !== undefined) this.#hashes.set(group, hash);
      for (const path of [`${prefix}${group}`, `${prefix}${group} protobuf`]) {
        const body = before.#bodies.get(path);
        if (body !== undefined) this.#bodies.set(path, body);
      }
    }
  }

  answer(
    path: string,
    { hash, accept }: { readonly hash?: string | undefined; readonly accept?: string | undefined } = {},
  ): OpenApiAnswer | undefined {
    if (path !== '/openapi/v2' && path !== '/openapi/v3' && !this.#groups.has(path.slice(prefix.length)))
      return undefined;
    if (path === '/openapi/v2' && takes(accept, swaggerProtobufType, swaggerProtobufAnswerType)) {
      const body = this.#body(`${path} protobuf`, () => encodeSwagger(this.#swagger()));
      return this.#ok(body, { 'content-type': swaggerProtobufAnswerType });
    }
    const group = path.slice(prefix.length);
    // The index is the same for all, and text to who looks at its type.
    if (path === '/openapi/v3')
      return {
        status: 200,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: this.#body(path, () => this.#index()),
      };
    const asProtobuf = this.#groups.has(group) && prefers(accept, openApiProtobufTypes);
    if (!asProtobuf && !takes(accept, 'application/json', 'application/*', '*/*'))
      return {
        status: 406,
        headers: { 'content-type': '', vary: 'Accept' },
        body: Buffer.alloc(0),
      };
    if (path === '/openapi/v2')
      return this.#ok(
        this.#body(path, () => this.#swagger()),
        {},
      );
    const current = this.#hash(group);
    if (hash !== undefined && hash !== '' && hash !== current)
      return {
        status: 301,
        headers: { location: `${path}?hash=${current}`, etag: `"${current}"`, vary: 'Accept' },
        body: Buffer.alloc(0),
      };
    const caching: Record<string, string> =
      hash === current ? { 'cache-control': 'public, immutable, max-age=31536000' } : {};
    const headers = { etag: `"${current}"`, ...caching };
    if (asProtobuf) {
      const body = this.#body(`${path} protobuf`, () => encodeOpenApi(this.#document(group)));
      return this.#ok(body, { ...headers, 'content-type': openApiProtobufAnswerType });
    }
    return this.#ok(
      this.#body(path, () => this.#document(group)),
      headers,
    );
  }

  #ok(body: Buffer, headers: Record<string, string>): OpenApiAnswer {
    const etag = headers.etag ?? `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`;
    return {
      status: 200,
      headers: { 'content-type': 'application/json', vary: 'Accept', ...headers, etag },
      body,
    };
  }

  #body(path: string, make: () => object | Uint8Array): Buffer {
    let body = this.#bodies.get(path);
    if (body === undefined) {
      const made = make();
      body = Buffer.from(made instanceof Uint8Array ? made : JSON.stringify(made));
      this.#bodies.set(path, body);
    }
    return body;
  }

  #index(): object {
    const own = [...this.#groups.keys()].map((group) => [
      group,
      `${prefix}${group}?hash=${this.#hash(group)}`,
    ]);
    const paths = [...own, ...Object.entries(this.#elsewhere.paths)];
    return {
      paths: Object.fromEntries(
        paths
          .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
          .map(([group = '', serverRelativeURL]) => [group, { serverRelativeURL }]),
      ),
    };
  }

  /**
   * Cheap, so that the index needs no document: definitions that have a name change only with the version; others say
   * what stands for them, or are hashed.
   */
  #hash(group: string): string {
    let hash = this.#hashes.get(group);
    if (hash === undefined) {
      const facts = this.#groups
        .get(group)
        ?.map(({ schema, ...kind }) => [kind, schema.digest ?? schema.name ?? schema.root]);
      hash = createHash('sha256')
        .update(JSON.stringify([this.#info.version, facts]))
        .digest('hex')
        .toUpperCase();
      this.#hashes.set(group, hash);
    }
    return hash;
  }

  /** @param ofAll where it is to be a part of one document of all groups */
  #document(group: string, ofAll = false): OpenAPIObject {
    const kinds = this.#groups.get(group) ?? [];
    const isCustom = kinds.length > 0 && kinds.every(isThirdParty);
    const [first] = kinds;
    const schemas = new SchemaObjects(ofAll || isCustom ? undefined : (first ?? core));
    // Upstream leaves discovery and tokens out of the documents of custom resources.
    const own = isCustom ? undefined : (serverPath(group, schemas) ?? discoveryPath(group, schemas));
    const paths: [string, PathItemObject][] = own === undefined ? [] : [own];
    for (const kind of kinds) {
      schemas.kind(kind);
      paths.push(...pathsOf(kind, schemas));
    }
    const { OpenApiBuilder } = require('openapi3-ts/oas30') as typeof import('openapi3-ts/oas30');
    const builder = OpenApiBuilder.create({ openapi: '3.0.0', info: this.#info, paths: {} });
    if (!isCustom) builder.addSecurityScheme(bearerToken, tokenHeader);
    for (const [path, item] of paths.sort(([a], [b]) => (a < b ? -1 : 1))) builder.addPath(path, item);
    for (const [name, schema] of schemas.all) builder.addSchema(name, schema);
    return builder.getSpec();
  }

  #swagger(): object {
    const own = swaggerDocument(
      [...this.#groups.keys()].map((group) => this.#document(group, true)),
      this.#info,
    );
    const { swagger } = this.#elsewhere;
    return swagger.length === 0 ? own : mergeSwagger(own, swagger);
  }
}

function isThirdParty({ schema }: DocumentedKind): boolean {
  return schema.name === undefined;
}

/** How generated clients send a token; upstream's name, which they are configured by. */
const bearerToken = 'BearerToken';
const tokenHeader: SecuritySchemeObject = {
  type: 'apiKey',
  description: 'A token, as `Bearer TOKEN`.',
  name: 'authorization',
  in: 'header',
};

/** True where an Accept header names one of the types before JSON. */
function prefers(accept: string | undefined, types: readonly string[]): boolean {
  for (const type of offersOf(accept)) {
    if (types.includes(type)) return true;
    if (type === 'application/json') return false;
  }
  return false;
}

function offersOf(accept: string | undefined): string[] {
  return (accept || '*/*').split(',').map((range) => range.split(';')[0]?.trim() ?? '');
}

/** True where an Accept header offers one of the types; no header offers all. */
function takes(accept: string | undefined, ...types: string[]): boolean {
  return offersOf(accept).some((type) => types.includes(type));
}
