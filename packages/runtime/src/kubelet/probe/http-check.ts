import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Container, HTTPGetAction } from '@kubewright/api/core/v1';

/** What a check found, in words for an event. */
export interface CheckResult {
  readonly ok: boolean;
  readonly output: string;
}

export interface CheckTarget {
  /** The pod's address, for checks that name no host. */
  readonly podIP: string;
  readonly container: Container;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const bodyLimit = 10 * 1024;

/** A GET that is well answered by a code from 200 to 399. Certificates are not looked at. */
export function checkHttp(action: HTTPGetAction, target: CheckTarget): Promise<CheckResult> {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const host = action.host || target.podIP;
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${portNumber(action.port, target.container)}${slashed(action.path ?? '/')}`;
  const headers: Record<string, string> = {
    'user-agent': 'kube-probe/1.36',
    accept: '*/*',
    connection: 'close',
  };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return get(url, { headers, target, redirects: 10 });
}

/** A TCP connection that can be made. */
export function checkTcp(
  action: { readonly host?: string | undefined; readonly port: number | string },
  target: CheckTarget,
): Promise<CheckResult> {
  const host = action.host || target.podIP;
  const port = portNumber(action.port, target.container);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (ok: boolean, output: string) => {
      target.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve({ ok, output });
    };
    const onAbort = () => end(false, 'the probe was stopped');
    target.signal.addEventListener('abort', onAbort, { once: true });
    socket.setTimeout(target.timeoutMs, () => end(false, `dial tcp ${host}:${port}: i/o timeout`));
    socket.once('connect', () => end(true, ''));
    socket.once('error', (error: NodeJS.ErrnoException) => end(false, dialError(host, port, error)));
  });
}

/** The number of a port that may be given by the name that the container gave it. @throws Error for an unknown name */
export function portNumber(port: number | string, container: Container): number {
  const number = Number(port);
  const found = Number.isInteger(number)
    ? number
    : container.ports?.find(({ name }) => name === port)?.containerPort;
  if (found === undefined || found < 1 || found > 65535)
    throw new Error(`invalid port: ${port}: the container "${container.name}" has no port of this name`);
  return found;
}

function get(
  url: string,
  {
    headers,
    target,
    redirects,
  }: { readonly headers: Record<string, string>; readonly target: CheckTarget; readonly redirects: number },
): Promise<CheckResult> {
  const { protocol, hostname, port } = new URL(url);
  const request = protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const call = request(url, {
      headers,
      signal: target.signal,
      timeout: target.timeoutMs,
      agent: false,
      ...(protocol === 'https:' ? { rejectUnauthorized: false } : {}),
    });
    // The socket's timeout knows only silence; the probe's is for the whole.
    const timer = setTimeout(() => {
      resolve({
        ok: false,
        output: `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
      });
      call.destroy();
    }, target.timeoutMs);
    call.on('close', () => clearTimeout(timer));
    call.on('timeout', () => call.destroy());
    call.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ ok: false, output: `Get "${url}": ${dialError(hostname, Number(port), error)}` }),
    );
    call.on('response', (response) => {
      const status = response.statusCode ?? 0;
      const location = response.headers.location;
      if (location !== undefined && status >= 300 && status < 400 && redirects > 0) {
        const next = new URL(location, url);
        response.resume();
        // A redirect to another host is taken as success with a warning upstream; it is not followed.
        if (next.hostname !== hostname) return resolve({ ok: true, output: 'Probe terminated redirects' });
        return resolve(get(next.href, { headers, target, redirects: redirects - 1 }));
      }
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (body.length < bodyLimit) body += chunk.slice(0, bodyLimit - body.length);
      });
      response.on('error', (error) => resolve({ ok: false, output: error.message }));
      response.on('end', () =>
        resolve(
          status >= 200 && status < 400
            ? { ok: true, output: body }
            : { ok: false, output: `HTTP probe failed with statuscode: ${status}` },
        ),
      );
    });
    call.end();
  });
}

function dialError(host: string, port: number, error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (error.code === 'EHOSTUNREACH') return `dial tcp ${host}:${port}: connect: no route to host`;
  return error.message;
}

function slashed(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
