import type { Exchange } from '../exchange.js';

export type PathHandler = (exchange: Exchange) => void | Promise<void>;

/** The paths that are no resources: `/version`, `/healthz`, discovery, OpenAPI, metrics. */
export class Paths {
  readonly #exact = new Map<string, PathHandler>();
  readonly #below: { readonly prefix: string; readonly handler: PathHandler }[] = [];

  add(path: string, handler: PathHandler): void {
    this.#exact.set(path, handler);
  }

  /** Everything below `prefix`, which ends with a slash. */
  addBelow(prefix: string, handler: PathHandler): void {
    this.#below.push({ prefix, handler });
  }

  /** All exact paths in order, for the root document. */
  all(): string[] {
    return [...this.#exact.keys()].sort();
  }

  async handle(exchange: Exchange): Promise<void> {
    const { path } = exchange.info;
    const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const handler =
      this.#exact.get(trimmed) ?? this.#below.find(({ prefix }) => path.startsWith(prefix))?.handler;
    if (handler === undefined) exchange.send(404, 'text/plain; charset=utf-8', '404 page not found\n');
    else if (exchange.info.verb !== 'get' && exchange.info.verb !== 'head')
      exchange.send(405, 'text/plain; charset=utf-8', 'method not allowed\n', { allow: 'GET, HEAD' });
    else await handler(exchange);
  }
}
