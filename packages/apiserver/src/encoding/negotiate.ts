import { ApiError } from '@kubewright/api';

/** What a client asks the answer to be. */
export interface MediaType {
  readonly type: 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf';
  /** The object itself, a Table, or its metadata alone. */
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  /** The version of the meta.k8s.io form: `v1` or `v1beta1`. */
  readonly version: string;
}

const json: MediaType = { type: 'application/json', as: 'object', version: 'v1' };
const served = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const;
const forms = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);
const remembered = new Map<string, MediaType>();
const rememberedLimit = 256;

/**
 * The best of what an Accept header offers, in its order.
 * @throws ApiError NotAcceptable
 */
export function negotiate(accept: string | undefined): MediaType {
  if (accept === undefined || accept === '') return json;
  let known = remembered.get(accept);
  if (known === undefined) {
    known = choose(accept);
    if (remembered.size < rememberedLimit) remembered.set(accept, known);
  }
  return known;
}

function choose(accept: string): MediaType {
  const ranges = accept
    .split(',')
    .map(parseRange)
    .sort((a, b) => b.quality - a.quality);
  for (const { type, parameters } of ranges) {
    const as = parameters.get('as');
    if (as !== undefined && !(forms.has(as) && parameters.get('g') === 'meta.k8s.io')) continue;
    const form = { as: (as ?? 'object') as MediaType['as'], version: parameters.get('v') ?? 'v1' };
    if (type === '*/*' || type === 'application/*') return { type: 'application/json', ...form };
    const match = served.find((one) => one === type);
    // Answers in protobuf are not offered yet: a client that takes nothing else is told so.
    if (match !== undefined && match !== 'application/vnd.kubernetes.protobuf')
      return { type: match, ...form };
  }
  throw new ApiError(
    'NotAcceptable',
    `only the following media types are accepted: ${served.slice(0, 2).join(', ')}`,
  );
}

function parseRange(text: string): { type: string; parameters: Map<string, string>; quality: number } {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(
    rest.map((part): [string, string] => {
      const at = part.indexOf('=');
      return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1).replace(/^"|"$/g, '')];
    }),
  );
  const quality = Number(parameters.get('q') ?? 1);
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
}
