import { ApiError, encodeJson } from '@kubewright/api';
import { encodeAnswer } from '../encoding/encode-answer.js';
import { acceptedRanges } from '../encoding/negotiate.js';
import type { Exchange } from '../exchange.js';

/** What a component says of itself to whoever looks after it, as text and as an object. Source: KEP-4827, KEP-4828. */
export interface ZPage {
  readonly kind: 'Statusz' | 'Flagz';
  /** What stands below the heading. */
  text(): string;
  /** What the object has besides its identity. */
  fields(): object;
}

const component = 'apiserver';
const group = 'config.k8s.io';
/** The former is deprecated. */
const versions = ['v1alpha1', 'v1beta1'];
const objectTypes = ['application/json', 'application/yaml'] as const;

const warning =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';

/** Answers in the form that the client asks for. @throws ApiError NotAcceptable */
export function answerZPage(exchange: Exchange, page: ZPage): void {
  const { kind } = page;
  const name = kind.toLowerCase();
  const wanted = wantedForm(exchange.request.headers.accept, kind);
  if (wanted === 'text') {
    exchange.send(200, 'text/plain; charset=utf-8', `\n${component} ${name}\n${warning}\n${page.text()}`);
    return;
  }
  const { type, version } = wanted;
  if (version !== versions.at(-1))
    exchange.warn(`This version of the ${name} endpoint is deprecated. Please use a newer version.`);
  const identity = { kind, apiVersion: `${group}/${version}`, metadata: { name: component } };
  const body = encodeAnswer({ type, pretty: true }, encodeJson({ ...identity, ...page.fields() }));
  exchange.send(200, `${type};g=${group};v=${version};as=${kind}`, body);
}

function wantedForm(
  accept: string | undefined,
  kind: string,
): 'text' | { readonly type: (typeof objectTypes)[number]; readonly version: string } {
  for (const { type, parameters } of acceptedRanges(accept || '*/*')) {
    if (type === '*/*' || type === 'text/*' || type === 'text/plain') return 'text';
    const version = parameters.get('v') ?? '';
    const objectType = objectTypes.find((one) => one === type);
    const isNamed = parameters.get('g') === group && parameters.get('as') === kind;
    if (objectType !== undefined && isNamed && versions.includes(version))
      return { type: objectType, version };
  }
  throw new ApiError(
    'NotAcceptable',
    `only the following media types are accepted: ${[...objectTypes, 'text/plain'].join(', ')}`,
  );
}
