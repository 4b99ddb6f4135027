import { ApiError } from '@kubewright/api';

const served = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const;
/** Upstream has no watch in YAML. */
const streamed = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const forms = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'] as const;
const formVersions = ['v1', 'v1beta1'];

/** The bytes that an answer may consist of. */
export type ContentType = (typeof served)[number];

/** What a client asks the answer to be. */
export interface MediaType {
  readonly type: ContentType;
  /** The object itself, a Table, or its metadata alone. */
  readonly as: 'object' | (typeof forms)[number];
  /** The version of the meta.k8s.io form: `v1` or `v1beta1`. */
  readonly version: string;
  /** JSON for people: a line for each member. */
  readonly pretty: boolean;
}

/** What can be asked of an endpoint. Source: `AllowsMediaTypeTransform` of the API server's request scopes. */
export interface Endpoint {
  /** False where the kind has no protobuf form; its metadata alone always has. */
  readonly protobuf: boolean;
  /** True where Tables and metadata alone are to be had. */
  readonly transforms: boolean;
  /** What its route says that it produces, where it has one: custom resources have none. */
  readonly produces?: readonly string[] | undefined;
}

/** What the routes of built-in kinds and of discovery produce, and those of lists. */
export const objectRoute: readonly string[] = served;
export const listRoute: readonly string[] = [...served, ...streamed];

/** Of errors and other Statuses. */
export const statusEndpoint: Endpoint = { protobuf: true, transforms: false };
/** Of discovery. */
export const discoveryEndpoint: Endpoint = { ...statusEndpoint, produces: objectRoute };

/** What a request without an Accept header gets. */
export const plainJson: MediaType = { type: 'application/json', as: 'object', version: 'v1', pretty: false };

const remembered = new Map<string, MediaType>();
const rememberedLimit = 256;

/**
 * The best of what an Accept header offers: by quality, then the exact before the wildcards, then in its order.
 * @throws ApiError NotAcceptable
 */
export function negotiate(accept: string | undefined, endpoint: Endpoint): MediaType {
  // What most clients send is answered without looking at the endpoint.
  if (accept === undefined || accept === '' || accept === 'application/json') return plainJson;
  const route = endpoint.produces?.length ?? 0;
  const key = `${endpoint.protobuf ? 'p' : ''}${endpoint.transforms ? 't' : ''}${route} ${accept}`;
  let known = remembered.get(key);
  if (known === undefined) {
    if (endpoint.produces !== undefined) matchRoute(accept, endpoint.produces);
    known = choose(accept, endpoint);
    if (known === undefined) throw notAcceptable(served);
    if (remembered.size < rememberedLimit) remembered.set(key, known);
  }
  return known;
}

/**
 * Refuses what names none of the types that a route produces: letter for letter, and of the wildcards only that for
 * all. Source: go-restful, before whose routes no negotiation begins.
 * @throws ApiError NotAcceptable
 */
export function matchRoute(accept: string | undefined, produces: readonly string[]): void {
  const named = (accept || '*/*').split(',').map((range) => (range.split(';')[0] ?? '').trim());
  if (named.some((type) => type === '*/*' || produces.includes(type))) return;
  throw new ApiError(
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${produces.join(', ')}`,
    { details: {} },
  );
}

/** The same for a watch, which has to be acceptable as a list first. @throws ApiError NotAcceptable */
export function negotiateStream(accept: string | undefined, endpoint: Endpoint): MediaType {
  negotiate(accept, endpoint);
  const media = accept === undefined || accept === '' ? plainJson : choose(accept, endpoint);
  if (media === undefined || media.type === 'application/yaml') throw notAcceptable(streamed);
  return media;
}

function notAcceptable(types: readonly string[]): ApiError {
  return new ApiError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}

function choose(accept: string, endpoint: Endpoint): MediaType | undefined {
  for (const { type, parameters } of acceptedRanges(accept)) {
    for (const candidate of served) {
      const fits = type === candidate || type === 'application/*' || type === '*/*' || type === '*';
      const media = fits ? offered(candidate, parameters, endpoint) : undefined;
      if (media !== undefined) return media;
    }
  }
  return undefined;
}

/** What the parameters of a range ask for in one type; undefined where the endpoint does not have it. */
function offered(
  type: ContentType,
  parameters: ReadonlyMap<string, string>,
  endpoint: Endpoint,
): MediaType | undefined {
  const stream = parameters.get('stream') ?? '';
  if (stream !== '' && (stream !== 'watch' || type === 'application/yaml')) return undefined;
  const serverVersion = parameters.get('sv') ?? '';
  if (serverVersion !== '' && (serverVersion !== 'v1' || !endpoint.transforms)) return undefined;
  const pretty = parameters.get('pretty') === '1';
  const isProtobuf = type === 'application/vnd.kubernetes.protobuf';
  if (!['as', 'g', 'v'].some((name) => parameters.has(name)))
    return isProtobuf && !endpoint.protobuf ? undefined : { type, as: 'object', version: 'v1', pretty };
  const as = forms.find((form) => form === parameters.get('as'));
  const version = parameters.get('v') ?? '';
  if (as === undefined || parameters.get('g') !== 'meta.k8s.io' || !formVersions.includes(version))
    return undefined;
  if (!endpoint.transforms || (as === 'Table' && isProtobuf)) return undefined;
  return { type, as, version, pretty };
}

/** What an Accept header names: the best first, of the same quality the exact before the wildcards. */
export function acceptedRanges(accept: string): readonly Range[] {
  const ranges = accept.split(',').map(parseRange);
  return ranges.sort((a, b) => b.quality - a.quality || wildness(a.type) - wildness(b.type));
}

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

function parseRange(text: string): Range {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(
    rest.map((part): [string, string] => {
      const at = part.indexOf('=');
      if (at < 0) return [part, ''];
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    }),
  );
  const quality = Number(parameters.get('q') ?? 1);
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

function wildness(type: string): number {
  if (type === '*/*' || type === '*') return 2;
  return type.endsWith('/*') ? 1 : 0;
}
