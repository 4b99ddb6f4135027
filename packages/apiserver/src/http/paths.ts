import type { Exchange } from '../exchange.js';
import type { RequestLabels } from '../metrics/request-series.js';
import { methodNotAllowed } from '../verbs/refusals.js';
import { notFoundPage } from './not-found-page.js';

export type PathHandler = (exchange: Exchange) => void | Promise<void>;

/** How strictly a path is taken. Source: which of upstream's paths are routes, and which take whatever comes. */
export interface PathOptions {
  /** Takes no other method than GET, which is answered with a Status, and a slash at its end. @default false */
  readonly route?: boolean;
  /** The paths that there are below it. @default none are named */
  readonly all?: () => readonly string[];
  /** How its requests are counted. @default not at all, as most of upstream's */
  readonly counted?: Partial<RequestLabels>;
}

interface Path extends PathOptions {
  readonly handler: PathHandler;
}

/** The paths that are no resources: `/version`, `/healthz`, discovery, OpenAPI, metrics. */
export class Paths {
  readonly #exact = new Map<string, Path>();
  readonly #below: (Path & { readonly prefix: string })[] = [];

  add(path: string, handler: PathHandler, options: PathOptions = {}): void {
    this.#exact.set(path, { ...options, handler });
  }

  /** Everything below `prefix`, which ends with a slash. */
  addBelow(prefix: string, handler: PathHandler, options: PathOptions = {}): void {
    this.#below.push({ ...options, prefix, handler });
  }

  /** All paths that have a name, for the root document. */
  all(): string[] {
    return [...this.#exact.keys(), ...this.#below.flatMap(({ all }) => all?.() ?? [])];
  }

  async handle(exchange: Exchange): Promise<void> {
    const { path } = exchange.info;
    const found = this.#exact.get(path) ?? this.#route(path) ?? this.#below.find(isAbove(path));
    if (found === undefined) notFoundPage(exchange);
    else if (found.route === true && exchange.request.method !== 'GET') throw methodNotAllowed();
    else {
      if (found.counted !== undefined)
        exchange.counted = exchange.server.metrics.requests.ofPath(exchange, found.counted);
      await found.handler(exchange);
    }
  }

  #route(path: string): Path | undefined {
    const found = path.length > 1 && path.endsWith('/') ? this.#exact.get(path.slice(0, -1)) : undefined;
    return found?.route === true ? found : undefined;
  }
}

function isAbove(path: string): (below: { readonly prefix: string }) => boolean {
  return ({ prefix }) => path.startsWith(prefix);
}
