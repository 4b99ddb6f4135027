import type { Exchange } from '../exchange.js';
import { notFoundPage } from '../http/not-found-page.js';
import type { HealthMetrics } from '../metrics/health-metrics.js';
import { failureOf, type HealthCheck } from './health-check.js';

const textType = 'text/plain; charset=utf-8';
const sniffless = { 'x-content-type-options': 'nosniff' };

/**
 * Answers `/healthz`, `/livez`, `/readyz`, with `?verbose`, `?exclude=` and single checks below the path, in the
 * text form of upstream.
 */
export async function answerHealth(
  exchange: Exchange,
  of: {
    /** Without its slash. */
    readonly endpoint: string;
    readonly checks: readonly HealthCheck[];
    readonly metrics: HealthMetrics;
  },
): Promise<void> {
  const { endpoint, checks, metrics } = of;
  const { query, path } = exchange.info;
  const only = path.slice(endpoint.length + 2);
  const excluded = new Set(query.getAll('exclude'));
  const selected = checks.filter(({ name }) => only === '' || name === only);
  if (selected.length === 0 || path.endsWith('/')) {
    notFoundPage(exchange);
    return;
  }
  if (only !== '') {
    await answerSingle(exchange, selected);
    return;
  }
  const lines: string[] = [];
  let healthy = true;
  for (const check of selected) {
    const { name } = check;
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const failure = await failureOf(check);
    metrics.checked(name, endpoint, failure === undefined);
    if (failure !== undefined) {
      healthy = false;
      exchange.server.logger.warn({ check: name, err: failure }, 'health check failed');
    }
    lines.push(failure === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const names = [...excluded].sort().map((name) => JSON.stringify(name));
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(',')}`);
  }
  if (!healthy) exchange.send(500, textType, `${lines.join('\n')}\n${endpoint} check failed\n`, sniffless);
  else if (query.has('verbose'))
    exchange.send(200, textType, `${lines.join('\n')}\n${endpoint} check passed\n`, sniffless);
  else exchange.send(200, textType, 'ok', sniffless);
}

async function answerSingle(exchange: Exchange, [check]: readonly HealthCheck[]): Promise<void> {
  const failure = check && (await failureOf(check));
  if (failure === undefined) exchange.send(200, textType, 'ok');
  else exchange.send(500, textType, `internal server error: ${failure.message}\n`, sniffless);
}
