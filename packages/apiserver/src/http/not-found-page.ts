import type { Exchange } from '../exchange.js';

/** What a path gets that nothing is at. */
export function notFoundPage(exchange: Exchange): void {
  exchange.send(404, 'text/plain; charset=utf-8', '404 page not found\n', {
    'x-content-type-options': 'nosniff',
  });
}
