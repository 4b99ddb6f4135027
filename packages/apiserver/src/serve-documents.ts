import { encodeJson } from '@kubewright/api';
import { createDiscovery, type Discovery, type DiscoveryDocument } from './discovery/discovery.js';
import { discoveryEndpoint, plainJson, statusEndpoint } from './encoding/negotiate.js';
import { prettyJson } from './encoding/pretty-json.js';
import { encodeProtobuf } from './encoding/protobuf.js';
import type { Exchange } from './exchange.js';
import { notFoundPage } from './http/not-found-page.js';
import { kubernetesVersion } from './http/version.js';
import { createOpenApi, type OpenApi } from './openapi/openapi.js';
import type { JsonObject } from './patch/json-object.js';
import type { ServedKind } from './registry/resource.js';
import type { ApiServer } from './server.js';
import { answerUnknown } from './verbs/refusals.js';

/** The documents that describe the server to its clients: discovery, OpenAPI and the list of all paths. */
export function serveDocuments(server: ApiServer): void {
  const { paths } = server;
  const current = documentsOf(server);
  const answer = (exchange: Exchange) => {
    const path = exchange.info.path.replace(/\/$/, '');
    const document = current().discovery.document(path, exchange.request.headers.accept);
    if (document === undefined) answerUnknown(exchange);
    else sendDocument(exchange, document);
  };
  const route = { route: true };
  paths.add('/api', answer, route);
  paths.addBelow('/api/', answer, route);
  // The list of groups alone is none of upstream's routes: it takes every method.
  paths.add('/apis', answer);
  paths.add('/apis/', answer);
  paths.addBelow('/apis/', answer, route);
  const answerOpenApi = async (exchange: Exchange) => {
    if (await server.aggregator?.handleOpenApi(exchange)) return;
    const { path, query } = exchange.info;
    const { accept } = exchange.request.headers;
    const document = current().openApi.answer(path, { hash: query.get('hash') ?? undefined, accept });
    if (document === undefined) notFoundPage(exchange);
    else {
      const { 'content-type': contentType = 'application/json', ...headers } = document.headers;
      const known = headers.etag !== undefined && exchange.request.headers['if-none-match'] === headers.etag;
      if (known) exchange.send(304, contentType, '', headers);
      else exchange.send(document.status, contentType, document.body, headers);
    }
  };
  paths.add('/openapi/v2', answerOpenApi);
  paths.add('/openapi/v3', answerOpenApi, { counted: { subresource: 'openapi/v3' } });
  paths.addBelow('/openapi/v3/', answerOpenApi, { counted: { subresource: 'openapi/v3/' } });
  paths.add('/', (exchange) =>
    exchange.send(
      200,
      'application/json',
      prettyJson(encodeJson({ paths: allPaths(paths.all(), current()) })),
    ),
  );
}

/** All paths that are no resource's, with those of discovery. */
function allPaths(own: readonly string[], { discovery }: Documents): string[] {
  return [...new Set([...own.filter((path) => path !== '/'), ...discovery.paths()])].sort();
}

interface Documents {
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
}

/** The documents of the kinds that the server has now: made anew on the first request after these changed. */
function documentsOf(server: ApiServer): () => Documents {
  const { resources } = server;
  const described = new WeakMap<ServedKind, ReturnType<typeof describe>>();
  let generation = '';
  let documents: Documents | undefined;
  return () => {
    const now = `${resources.generation}/${server.aggregator?.generation ?? 0}`;
    if (documents !== undefined && generation === now) return documents;
    generation = now;
    const stored = resources.served().map((served) => {
      const known = described.get(served) ?? describe(served);
      described.set(served, known);
      return known;
    });
    const kinds = [...stored, ...resources.reviews().map(({ kind }) => kind)];
    const elsewhere = (server.aggregator?.kinds() ?? []).map((kind) => ({ ...kind, storedAs: kind }));
    const { aggregator } = server;
    const address = server.advertised;
    documents = {
      discovery: createDiscovery([...kinds, ...elsewhere], address, aggregator?.arrangement()),
      openApi: createOpenApi(kinds, kubernetesVersion.gitVersion, {
        after: documents?.openApi,
        serverPaths: server.paths.all(),
        ...(aggregator === undefined ? {} : { elsewhere: aggregator.openApi() }),
      }),
    };
    return documents;
  };
}

/** What the documents say of a kind. */
function describe({ kind, resource }: ServedKind) {
  const { rules, forms } = resource;
  return {
    ...kind,
    // Every version of a custom resource has rules of its own.
    storedAs: forms === undefined ? rules.kind : forms.storedAs,
    isCustom: rules.structural === true,
    returnsDeleted: rules.returnsDeleted,
  };
}

function sendDocument(
  exchange: Exchange,
  { contentType, body, etag, pretty = false }: DiscoveryDocument,
): void {
  // What is not aggregated is an object of the API, in any of its types.
  if (etag === undefined) {
    exchange.accept(isGroup(exchange.info.path) ? statusEndpoint : discoveryEndpoint);
    const { type } = exchange.accepted;
    if (type === 'application/vnd.kubernetes.protobuf') exchange.send(200, type, protobufDocument(body));
    else exchange.sendJson(200, body);
    return;
  }
  exchange.counted = exchange.server.metrics.requests.ofPath(exchange, {
    subresource: exchange.info.path.split('/')[1] ?? '',
    component: 'apiserver',
  });
  const headers = { etag, vary: 'Accept', 'cache-control': 'public' };
  if (exchange.request.headers['if-none-match'] === etag) {
    exchange.send(304, contentType, '', headers);
    return;
  }
  const isJson = contentType.startsWith('application/json');
  const forPeople = isJson && exchange.forPeople({ ...plainJson, pretty }).pretty;
  exchange.send(200, contentType, forPeople ? prettyJson(body.toString('utf8')) : body, headers);
}

/** `/apis/GROUP`, which like `/apis` is none of upstream's routes: whatever it takes is negotiated. */
function isGroup(path: string): boolean {
  return /^\/apis(?:\/[^/]+)?\/?$/.test(path);
}

/** The documents of the core group say no apiVersion, neither in JSON nor in the envelope. */
function protobufDocument(body: Buffer): Uint8Array {
  const value = JSON.parse(body.toString('utf8')) as JsonObject;
  return encodeProtobuf({ ...value, apiVersion: value.apiVersion ?? '' }, 'v1');
}
