import type { FunctionDeclaration } from '../functions/declaration.js';
import { BOOL, type CelType, listOf, mapOf, objectType, STRING } from '../types.js';
import { CelValue } from '../values/cel-value.js';
import { EvaluationError } from '../values/evaluation-error.js';
import { CreatedMap } from '../values/map-value.js';
import { transformCost } from './costs.js';
import { global, method, named } from './define.js';
import { type ParsedUrl, parseRequestUri } from './request-uri.js';

export const urlType = objectType('kubernetes.URL');

class Url extends CelValue {
  readonly parsed: ParsedUrl;
  readonly text: string;

  constructor(text: string, parsed: ParsedUrl) {
    super();
    this.text = text;
    this.parsed = parsed;
  }

  get type(): CelType {
    return urlType;
  }

  equals(other: unknown): boolean {
    return other instanceof Url && other.text === this.text;
  }
}

/** Kubernetes' URL library: absolute URLs and absolute paths. */
export const urlFunctions: readonly FunctionDeclaration[] = [
  named('url', global(['string_to_url', [STRING], urlType], parse, transformCost)),
  named(
    'isURL',
    global(['is_url_string', [STRING], BOOL], (text: string) => typeof parseRequestUri(text) === 'object'),
  ),
  part('getScheme', 'url_get_scheme', ({ scheme }) => scheme),
  part('getHost', 'url_get_host', ({ host }) => host),
  part('getHostname', 'url_get_hostname', hostname),
  part('getPort', 'url_get_port', ({ host }) => /:(\d*)$/.exec(host)?.[1] ?? ''),
  part('getEscapedPath', 'url_get_escaped_path', ({ path }) => path),
  named('getQuery', method(['url_get_query', [urlType], mapOf(STRING, listOf(STRING))], query)),
];

function part(name: string, id: string, read: (url: ParsedUrl) => string): FunctionDeclaration {
  return named(
    name,
    method([id, [urlType], STRING], ({ parsed }: Url) => read(parsed)),
  );
}

function parse(text: string): Url {
  const parsed = parseRequestUri(text);
  if (typeof parsed === 'string')
    throw new EvaluationError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${parsed}`,
    );
  return new Url(text, parsed);
}

function hostname({ host }: ParsedUrl): string {
  const bracketed = /^\[(.*)\]/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d*$/, '');
}

function query({ parsed }: Url): CreatedMap {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(parsed.query)) {
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  }
  const map = new CreatedMap();
  for (const [key, list] of values) map.add(key, list);
  return map;
}
