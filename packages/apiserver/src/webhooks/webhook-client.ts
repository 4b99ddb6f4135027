import { Agent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeJson } from '@kubewright/api';
import type { ObjectReader } from '../registry/write-context.js';
import { callProblem } from './call-problem.js';
import { type Answer, readAnswer, statusProblem } from './read-answer.js';
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
  readonly credentials?: WebhookCredentials | undefined;
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
/** Source: client-go's `rest.Request`. */
const maxRetries = 10;

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
      answer = await this.#sendPatiently(call, options);
    } catch (cause) {
      const why = deadline.aborted
        ? 'context deadline exceeded'
        : signal.aborted
          ? 'context canceled'
          : callProblem(cause, { ...address, serverName });
      if (!(cause instanceof CutAnswer)) throw problem(why, cause);
      const text = `unexpected error when reading response body. Please retry. Original error: ${why}`;
      throw new WebhookCallError(text, { cause });
    }
    const refused = statusProblem(answer);
    if (refused !== undefined) throw new WebhookCallError(refused, { code: answer.status });
    try {
      return readAnswer(answer);
    } catch (cause) {
      throw new WebhookCallError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }

  /** Asks again, as client-go does, where the answer is to come back later and says when. */
  async #sendPatiently(call: Call, options: CallOptions): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#send(call, options);
      const { status, retryAfter } = answer;
      const isLater = retryAfter !== undefined && (status === 429 || status >= 500);
      if (!isLater || attempt === maxRetries) return answer;
      await delay(retryAfter * 1000, undefined, { signal: call.signal });
    }
  }

  #send(call: Call, options: CallOptions, isRetry = false): Promise<TimedAnswer> {
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
        incoming.once('error', (cause) => reject(new CutAnswer(cause)));
        incoming.once('end', () => {
          const { statusCode: status = 0, headers } = incoming;
          const seconds = headers['retry-after'] ?? '';
          resolve({
            ...{ status, contentType: headers['content-type'] ?? '', body: Buffer.concat(chunks) },
            retryAfter: /^\d+$/.test(seconds) ? Number(seconds) : undefined,
          });
        });
      });
      outgoing.end(call.body);
    });
  }
}

interface TimedAnswer extends Answer {
  /** Seconds. */
  readonly retryAfter: number | undefined;
}

/** An answer that had begun did not come to its end. */
class CutAnswer extends Error {
  constructor(cause: NodeJS.ErrnoException) {
    super(cause.code === 'ECONNRESET' ? 'unexpected EOF' : cause.message, { cause });
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
