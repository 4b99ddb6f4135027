import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface EndpointsOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** @default all addresses, as a kubelet asks from outside of the pod */
  readonly host?: string | undefined;
}

/** Throws, or rejects, where something is not well. */
export type HealthCheck = () => void | Promise<void>;

/** What probes ask, by name: `healthz` whether to restart this process, `readyz` whether it may be relied on. */
export interface HealthChecks {
  readonly healthz: ReadonlyMap<string, HealthCheck>;
  readonly readyz: ReadonlyMap<string, HealthCheck>;
}

/** Where the endpoints of a manager are served. */
export interface ManagerEndpoints {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** A check that hangs counts as failed after this time. */
const longestCheckMs = 5000;

/**
 * Serves `/healthz`, `/readyz` and `/metrics` over plain HTTP, as probes and Prometheus ask for them: all checks of
 * an endpoint, or one (`/readyz/caches`), with `?verbose` all of them by name.
 */
export async function serveEndpoints(
  { port, host }: EndpointsOptions,
  parts: { readonly checks: HealthChecks; readonly registry: Registry },
): Promise<ManagerEndpoints> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    answer(pathname, { ...parts, verbose: searchParams.has('verbose') })
      .catch((error: unknown) => ({ status: 500, text: String(error) }))
      .then(({ status, text, type = 'text/plain; charset=utf-8' }: Answer) => {
        send(response, request.method, { status, text, type });
      });
  });
  await listen(server, port, host);
  const address = server.address() as AddressInfo;
  return {
    host: address.address,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

async function answer(
  path: string,
  parts: { readonly checks: HealthChecks; readonly registry: Registry; readonly verbose: boolean },
): Promise<Answer> {
  if (path === '/metrics')
    return { status: 200, text: await parts.registry.metrics(), type: parts.registry.contentType };
  const [, endpoint = '', name] = path.split('/');
  if (endpoint !== 'healthz' && endpoint !== 'readyz') return { status: 404, text: 'not found\n' };
  const all = parts.checks[endpoint];
  const chosen = [...all].filter(([each]) => name === undefined || each === name);
  if (name !== undefined && chosen.length === 0) return { status: 404, text: `no check ${name}\n` };
  const results = await Promise.all(chosen.map(async ([each, check]) => ({ each, fault: await run(check) })));
  const isWell = results.every(({ fault }) => fault === undefined);
  if (isWell && !parts.verbose) return { status: 200, text: 'ok' };
  const lines = results.map(({ each, fault }) =>
    fault === undefined ? `[+]${each} ok` : `[-]${each} failed: ${fault}`,
  );
  lines.push(`${endpoint} check ${isWell ? 'passed' : 'failed'}`);
  return { status: isWell ? 200 : 500, text: `${lines.join('\n')}\n` };
}

/** What is wrong; undefined where all is well. */
async function run(check: HealthCheck): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${longestCheckMs} ms`), longestCheckMs);
  });
  try {
    return await Promise.race([Promise.resolve(check()).then(() => undefined), late]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}

function send(
  response: ServerResponse,
  method: string | undefined,
  { status, text, type }: Required<Answer>,
): void {
  if (method === 'GET' || method === 'HEAD') {
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
    response.end(method === 'HEAD' ? undefined : text);
  } else response.writeHead(405, { allow: 'GET, HEAD' }).end();
}

function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
