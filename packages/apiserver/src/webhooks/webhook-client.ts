import { Agent, request as httpsRequest } from 'node:https';
import { decodeJson, encodeJson, JsonSyntaxError } from '@kubewright/api';
import type { ObjectReader } from '../registry/write-context.js';
import { callProblem } from './call-problem.js';
import { type Address, resolveService, type ServiceReference } from './service-resolver.js';

/** Where a webhook is and how it is recognised: the `clientConfig` of webhooks of all sorts. */
export interface WebhookTarget {
  readonly url?: string | undefined;
  readonly service?: (ServiceReference & { readonly path?: string | undefined }) | undefined;
  /** Certificates in PEM, in base64. @default those that Node trusts */
  readonly caBundle?: string | undefined;
}

/** A client certificate, a token, or whatever else a webhook wants to know its caller by. */
export interface WebhookCredentials {
  readonly certificate?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly credentials?: WebhookCredentials;
  /** How the caller names itself. @default not at all */
  readonly userAgent?: string;
}

/** A webhook that could not be asked, or answered with something else than JSON: who called decides what that means. */
export class WebhookCallError extends Error {
  /** The HTTP status of the answer, or 503 where there was none. */
  readonly code: number;

  constructor(message: string, options: { readonly code?: number; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WebhookCallError';
    this.code = options.code ?? 503;
  }
}

/** An answer has to fit into memory many times over. */
const maxAnswerBytes = 3 * 1024 * 1024;
const maxIdleConnections = 25;

/**
 * Calls webhooks of all sorts: admission, conversion, authentication, authorization. It follows no redirect, believes
 * no certificate that the target's CA has not signed for the target's name, and takes no more than the time and the
 * bytes that it may.
 */
export class WebhookClient {
  readonly #objects: ObjectReader;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: maxIdleConnections });

  /** @param objects for targets that are services of this cluster */
  constructor(objects: ObjectReader) {
    this.#objects = objects;
  }

  /** Posts JSON and gives what the JSON of the answer says. @throws WebhookCallError */
  async post(target: WebhookTarget, body: object, options: CallOptions): Promise<unknown> {
    const { path, serverName, port } = identityOf(target);
    const query = `timeout=${Math.ceil(options.timeoutMs / 1000)}s`;
    const url = `https://${hostText(serverName)}${target.service === undefined && port === 443 ? '' : `:${port}`}${path}?${query}`;
    const problem = (text: string, cause?: unknown) =>
      new WebhookCallError(`Post "${url}": ${text}`, { cause });
    let address: Address;
    try {
      address =
        target.service === undefined
          ? { host: serverName, port }
          : resolveService(this.#objects, target.service);
    } catch (cause) {
      throw problem(cause instanceof Error ? cause.message : String(cause), cause);
    }
    const deadline = AbortSignal.timeout(options.timeoutMs);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    const call = { address, serverName, path: `${path}?${query}`, body: encodeJson(body), target, signal };
    let answer: Answer;
    try {
      answer = await this.#send(call, options);
    } catch (cause) {
      if (deadline.aborted) throw problem('context deadline exceeded', cause);
      if (signal.aborted) throw problem('context canceled', cause);
      throw problem(callProblem(cause, { ...address, serverName }), cause);
    }
    return parse(answer);
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }

  #send(call: Call, options: CallOptions, isRetry = false): Promise<Answer> {
    const { credentials, userAgent } = options;
    const { address, serverName, target, signal } = call;
    const ca = target.caBundle === undefined || target.caBundle === '' ? undefined : pem(target.caBundle);
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest({
        agent: this.#agent,
        method: 'POST',
        host: address.host,
        port: address.port,
        servername: isAddress(serverName) ? '' : serverName,
        path: call.path,
        headers: {
          ...credentials?.headers,
          ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
          host: `${hostText(serverName)}:${address.port}`,
          accept: 'application/json, */*',
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(call.body),
        },
        signal,
        ...(ca === undefined ? {} : { ca }),
        ...(credentials?.certificate === undefined
          ? {}
          : { cert: credentials.certificate, key: credentials.key }),
      });
      outgoing.once('error', (error: NodeJS.ErrnoException) => {
        // A connection that was kept may have been closed by the other end just now.
        if (outgoing.reusedSocket && error.code === 'ECONNRESET' && !isRetry)
          this.#send(call, options, true).then(resolve, reject);
        else reject(error);
      });
      outgoing.once('response', (incoming) => {
        const chunks: Buffer[] = [];
        let length = 0;
        incoming.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > maxAnswerBytes)
            outgoing.destroy(new Error(`the answer is longer than ${maxAnswerBytes} bytes`));
          else chunks.push(chunk);
        });
        incoming.once('error', reject);
        incoming.once('end', () =>
          resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks) }),
        );
      });
      outgoing.end(call.body);
    });
  }
}

interface Call {
  readonly address: Address;
  readonly serverName: string;
  readonly path: string;
  readonly body: string;
  readonly target: WebhookTarget;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

function identityOf({ url, service }: WebhookTarget): { path: string; serverName: string; port: number } {
  if (service !== undefined) {
    const { namespace, name, port = 443, path = '/' } = service;
    return { serverName: `${name}.${namespace}.svc`, port, path: path.startsWith('/') ? path : `/${path}` };
  }
  if (url === undefined || !URL.canParse(url))
    throw new WebhookCallError('webhook configuration must have either service or URL');
  const { hostname, port, pathname, protocol } = new URL(url);
  if (protocol !== 'https:') throw new WebhookCallError(`the URL ${url} is not https`);
  return { serverName: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443), path: pathname };
}

/** Of an answer that is no success, what client-go makes of it. */
function parse({ status, body }: Answer): unknown {
  if (status < 200 || status > 206) throw new WebhookCallError(refusalText(status, body), { code: status });
  try {
    return decodeJson(body).value;
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw new WebhookCallError(`couldn't get version/kind; json parse error: ${cause.message}`, { cause });
  }
}

function refusalText(status: number, body: Buffer): string {
  const text = body.toString('utf8', 0, 2048).trim();
  switch (status) {
    case 400:
      return 'the server rejected our request for an unknown reason';
    case 401:
      return 'the server has asked for the client to provide credentials';
    case 403:
      return text === '' ? 'forbidden' : text;
    case 404:
      return 'the server could not find the requested resource';
    case 405:
      return 'the server does not allow this method on the requested resource';
    case 429:
      return 'the server has received too many requests and has asked us to try again later';
    case 503:
      return 'the server is currently unable to handle the request';
    case 504:
      return 'the server was unable to return a response in the time allotted, but may still be processing the request';
  }
  return status >= 500
    ? `an error on the server (${JSON.stringify(text === '' ? 'unknown' : text)}) has prevented the request from succeeding`
    : `the server responded with the status code ${status} but did not return more information`;
}

const bundles = new Map<string, string>();
const maxBundles = 100;

/** The same few bundles come again and again. */
function pem(base64: string): string {
  let text = bundles.get(base64);
  if (text === undefined) {
    if (bundles.size >= maxBundles) bundles.clear();
    text = Buffer.from(base64, 'base64').toString('utf8');
    bundles.set(base64, text);
  }
  return text;
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
