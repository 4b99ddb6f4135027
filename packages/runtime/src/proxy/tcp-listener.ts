import { connect, createServer, type Server, type Socket } from 'node:net';
import { Balancer } from './balancer.js';
import type { Backend, Frontend } from './frontend.js';
import { type FrontendListener, type ListenerOptions, retryListenMs } from './listener.js';

const dialMs = 5_000;

/** Forwards the TCP connections of one frontend. */
export class TcpListener implements FrontendListener {
  readonly #options: ListenerOptions;
  readonly #balancer: Balancer;
  readonly #sockets = new Set<Socket>();
  #frontend: Frontend;
  #server: Server | undefined;
  #cancelRetry: (() => void) | undefined;
  #onIdle: (() => void) | undefined;

  constructor(frontend: Frontend, options: ListenerOptions) {
    this.#options = options;
    this.#balancer = new Balancer(options.clock);
    this.#frontend = frontend;
    this.update(frontend);
  }

  update(frontend: Frontend): void {
    this.#frontend = frontend;
    this.#balancer.set(frontend);
    if (frontend.backends.length === 0) this.#refuse();
    else if (this.#server === undefined && this.#cancelRetry === undefined) this.#listen();
  }

  drain(): Promise<void> {
    this.#refuse();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.#sockets.size === 0) resolve();
    });
  }

  destroy(): void {
    this.#refuse();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** New connections find a closed port. */
  #refuse(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#server?.close();
    this.#server = undefined;
  }

  #listen(): void {
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (client) => {
      this.#forward(client).catch(() => client.destroy());
    });
    this.#server = server;
    server.on('error', (error) => {
      if (this.#server !== server) return;
      this.#server = undefined;
      server.close();
      this.#options.onFailure(error);
      this.#cancelRetry = this.#options.clock.schedule(retryListenMs, () => {
        this.#cancelRetry = undefined;
        this.#listen();
      });
    });
    server.listen({ host: this.#frontend.ip, port: this.#frontend.port, exclusive: true });
  }

  async #forward(client: Socket): Promise<void> {
    this.#track(client);
    client.on('error', () => client.destroy());
    const ip = client.remoteAddress ?? '';
    for (const backend of this.#balancer.order(ip)) {
      if (this.#options.isOwn(backend)) continue;
      const target = await this.#dial(backend);
      if (target === undefined) continue;
      if (client.destroyed) {
        target.destroy();
        return;
      }
      this.#balancer.sent(ip, backend);
      target.on('error', () => client.destroy());
      client.on('close', () => target.destroy());
      target.on('close', () => client.destroy());
      client.pipe(target);
      target.pipe(client);
      return;
    }
    // Nobody could be reached: the client is told as a closed port would tell it.
    client.resetAndDestroy();
  }

  /** Undefined where it can't be reached. */
  #dial({ ip, port }: Backend): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      const target = connect({ host: ip, port, allowHalfOpen: true, noDelay: true, keepAlive: true });
      this.#track(target);
      const fail = () => {
        target.destroy();
        resolve(undefined);
      };
      target.setTimeout(dialMs, fail);
      target.once('error', fail);
      target.once('connect', () => {
        target.setTimeout(0);
        target.off('error', fail);
        resolve(target);
      });
    });
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onIdle?.();
    });
  }
}
