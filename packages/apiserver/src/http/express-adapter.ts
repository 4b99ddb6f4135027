import { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express } from 'express';
import type { ApiRequest, ByteStream, ResponseHeaders, ResponseSink } from './api-request.js';
import { HttpRequest } from './http-request.js';
import { untilDrained } from './until-drained.js';

/** Handles a request; settles when the answer is complete. Never rejects: failures are answers. */
export type HandleRequest = (request: ApiRequest, sink: ResponseSink) => Promise<void>;

/** An Express application with one catch-all, and the classes that a server must create its messages with. */
export interface ExpressAdapter {
  readonly app: Express;
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

/**
 * Express over the core. It sets the prototype of each request and response to its own; giving the server classes
 * whose instances have that prototype from the start makes this free (67k instead of 15k requests a second).
 * @param closing whether clients are to come back on another connection, to a server that stays
 */
export function expressAdapter(handle: HandleRequest, closing: () => boolean = () => false): ExpressAdapter {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((request, response, next) => {
    if (closing()) response.setHeader('connection', 'close');
    handle(new HttpRequest(request, { body: request, connection: response }), new HttpSink(response)).catch(
      next,
    );
  });
  return { app, ...presetMessages(app) };
}

/**
 * Classes whose prototype stands between Node's and what Express adds, for V8 to see what their instances have: objects
 * that are made otherwise (`construct.apply` on an object of another prototype) become dictionaries, slow for all who
 * read them.
 */
function presetMessages(app: Express): Pick<ExpressAdapter, 'IncomingMessage' | 'ServerResponse'> {
  class Request extends IncomingMessage {}
  class Response<R extends IncomingMessage> extends ServerResponse<R> {}
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  app.request = Request.prototype as express.Request;
  app.response = Response.prototype as express.Response;
  return { IncomingMessage: Request, ServerResponse: Response };
}

class HttpSink implements ResponseSink {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  send(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
    headers['content-length'] = String(length);
    this.#response.writeHead(status, headers);
    this.#response.end(this.#response.req.method === 'HEAD' ? undefined : body);
  }

  open(status: number, headers: ResponseHeaders): ByteStream {
    const response = this.#response;
    response.writeHead(status, headers);
    response.flushHeaders();
    return {
      write: (bytes) => response.destroyed || response.write(bytes),
      drained: (withinMs) => untilDrained(response, withinMs),
      end: () => response.end(),
      destroy: () => response.destroy(),
    };
  }
}
