import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Kind, KubernetesObject } from '@kubewright/api';
import { sleep } from '@kubewright/client';
import type { Manager } from '../manager.js';
import { type Mutator, reviewByMutator, reviewByValidator, type Validator } from './admission-review.js';
import { type Converter, reviewByConverter } from './conversion-review.js';
import { WebhookCertificates, type WebhookCertificatesOptions } from './webhook-certificates.js';
import { WebhookMetrics } from './webhook-metrics.js';

export interface WebhookServerOptions extends WebhookCertificatesOptions {
  /** 0 takes a free one. @default 9443 */
  readonly port?: number | undefined;
  /** @default all addresses, as the API server calls from outside of the pod */
  readonly host?: string | undefined;
}

type Review = (body: unknown) => Promise<object>;

/** A review carries the object twice, and an object may have three mebibytes. */
const maxBodyBytes = 8 * 1024 * 1024;
/** How often the certificate is looked at. */
const refreshMs = 60_000;

/**
 * Answers the API server's questions by typed functions, over TLS with a certificate that it keeps itself.
 * ```ts
 * const webhooks = new WebhookServer(manager, { hosts: ['widgets.default.svc'], inject: { … } });
 * webhooks.validating(Widget, ({ object }) => {
 *   if (object?.spec.name === 'nobody') throw refusal('spec.name must be somebody');
 * });
 * ```
 * It runs on every replica, leading or not, from when the manager's caches are filled until it ends.
 */
export class WebhookServer {
  readonly #manager: Manager;
  readonly #options: WebhookServerOptions;
  readonly #certificates: WebhookCertificates;
  readonly #reviews = new Map<string, Review>();
  readonly #metrics: WebhookMetrics;
  #server: Server | undefined;
  #caBundle: string | undefined;

  constructor(manager: Manager, options: WebhookServerOptions) {
    this.#manager = manager;
    this.#options = options;
    this.#certificates = new WebhookCertificates(manager.standbyClient, { ...options, clock: manager.clock });
    this.#metrics = new WebhookMetrics(manager.metrics.registry);
    manager.add((signal) => this.#run(signal), { needsLease: false });
    manager.addCheck('readyz', 'webhooks', () => {
      if (this.#server?.listening !== true) throw new Error('the webhook server does not listen yet');
    });
  }

  /** Where it listens, once it does. */
  get port(): number | undefined {
    return this.#server?.listening ? (this.#server.address() as AddressInfo).port : undefined;
  }

  /** Whom callers have to trust, as `clientConfig.caBundle` has it (base64), once it listens. */
  get caBundle(): string | undefined {
    return this.#caBundle === undefined ? undefined : Buffer.from(this.#caBundle).toString('base64');
  }

  /** Decides whether objects of the kind may be written. @returns the path to put into the configuration */
  validating<T extends KubernetesObject>(kind: Kind<T>, validate: Validator<T>): string {
    return this.#add(pathOf('validate', kind), (body) => reviewByValidator(body, validate));
  }

  /** Changes objects of the kind before they are written. @returns the path to put into the configuration */
  mutating<T extends KubernetesObject>(kind: Kind<T>, mutate: Mutator<T>): string {
    return this.#add(pathOf('mutate', kind), (body) => reviewByMutator(body, mutate));
  }

  /** Converts objects between versions. @returns the path to put into the definition */
  converting(convert: Converter): string {
    return this.#add('/convert', (body) => reviewByConverter(body, convert));
  }

  #add(path: string, review: Review): string {
    if (this.#reviews.has(path)) throw new Error(`${path} is taken already`);
    this.#reviews.set(path, review);
    return path;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#manager;
    let { certificate, key, caBundle } = await this.#certificates.refresh(signal);
    this.#caBundle = caBundle;
    const server = createServer({ cert: certificate, key, minVersion: 'TLSv1.2' }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        logger.error({ err: error, path: request.url }, 'a webhook could not answer');
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
    this.#server = server;
    await listen(server, this.#options);
    try {
      while (!signal.aborted) {
        await sleep(clock, refreshMs, signal).catch(() => undefined); // Only an abort ends it early.
        if (signal.aborted) break;
        try {
          const fresh = await this.#certificates.refresh(signal);
          if (fresh.certificate === certificate) continue;
          ({ certificate, key, caBundle } = fresh);
          this.#caBundle = caBundle;
          server.setSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
          logger.info('the webhook server has a new certificate');
        } catch (error) {
          if (!signal.aborted) logger.warn({ err: error }, 'the webhook certificate could not be looked at');
        }
      }
    } finally {
      await close(server);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'https://localhost').pathname;
    const review = this.#reviews.get(path);
    if (review === undefined) {
      send(response, 404, { message: `there is no webhook at ${path}` });
      return;
    }
    await this.#metrics.measure(path, async () => {
      if (request.method !== 'POST') return send(response, 405, { message: 'webhooks are asked by POST' });
      const body = await readBody(request);
      if (body === undefined) return send(response, 413, { message: `more than ${maxBodyBytes} bytes` });
      let answer: object;
      try {
        answer = await review(JSON.parse(body));
      } catch (error) {
        if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
        return send(response, 400, { message: error.message });
      }
      return send(response, 200, answer);
    });
  }
}

/** As kubebuilder names them: `/validate-example-dev-v1-widget`. */
function pathOf(verb: string, { group, version, kind }: Kind): string {
  return `/${[verb, ...group.split('.'), version, kind.toLowerCase()].filter((part) => part !== '').join('-')}`;
}

function send(response: ServerResponse, status: number, body: object): number {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  return status;
}

/** Undefined when it is longer than it may be. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function listen(server: Server, { port = 9443, host }: WebhookServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Answers what is asked already, and takes no more. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
