import type { Exchange } from '../exchange.js';

/** One thing that must be well. Throws, or returns, quickly. */
export interface HealthCheck {
  readonly name: string;
  check(): void | Promise<void>;
}

/**
 * Answers `/healthz`, `/livez`, `/readyz`, with `?verbose`, `?exclude=` and single checks below the path, in the
 * text form of upstream.
 */
export async function answerHealth(
  exchange: Exchange,
  endpoint: string,
  checks: readonly HealthCheck[],
): Promise<void> {
  const { query, path } = exchange.info;
  const only = path.slice(endpoint.length + 2);
  const excluded = new Set(query.getAll('exclude'));
  const selected = checks.filter(({ name }) => (only === '' ? true : name === only));
  if (only !== '' && selected.length === 0) {
    exchange.send(404, 'text/plain; charset=utf-8', '404 page not found\n');
    return;
  }
  const lines: string[] = [];
  let healthy = true;
  for (const { name, check } of selected) {
    if (excluded.has(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const failure = await failureOf(check);
    if (failure !== undefined) {
      healthy = false;
      exchange.server.logger.warn({ check: name, err: failure }, 'health check failed');
    }
    lines.push(failure === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  if (!healthy)
    exchange.send(500, 'text/plain; charset=utf-8', `${lines.join('\n')}\n${endpoint} check failed\n`);
  else if (query.has('verbose'))
    exchange.send(200, 'text/plain; charset=utf-8', `${lines.join('\n')}\n${endpoint} check passed\n`);
  else exchange.send(200, 'text/plain; charset=utf-8', 'ok');
}

async function failureOf(check: HealthCheck['check']): Promise<unknown> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return error ?? new Error('the check failed');
  }
}
