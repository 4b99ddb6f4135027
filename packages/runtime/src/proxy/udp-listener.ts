import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { Balancer } from './balancer.js';
import type { Backend, Frontend } from './frontend.js';
import { type FrontendListener, type ListenerOptions, retryListenMs } from './listener.js';

/** A client that is silent for so long may be sent elsewhere, as the kernel's connection tracking forgets it. */
const idleMs = 120_000;
/** Flows of one frontend; the one that was silent longest ends first. */
const mostFlows = 4_096;

interface Flow {
  readonly backend: Backend;
  readonly socket: Socket;
  lastUsed: number;
}

/** Forwards the UDP packets of one frontend: all of a client go to one backend, while that is one. */
export class UdpListener implements FrontendListener {
  readonly #options: ListenerOptions;
  readonly #balancer: Balancer;
  /** By address and port of the client; the least recently used first. */
  readonly #flows = new Map<string, Flow>();
  #frontend: Frontend;
  #server: Socket | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(frontend: Frontend, options: ListenerOptions) {
    this.#options = options;
    this.#balancer = new Balancer(options.clock);
    this.#frontend = frontend;
    this.update(frontend);
  }

  update(frontend: Frontend): void {
    this.#frontend = frontend;
    this.#balancer.set(frontend);
    // Packets have no connection that would end: those of a backend that has gone go elsewhere from now on.
    for (const [client, flow] of this.#flows) if (!this.#balancer.has(flow.backend)) this.#end(client, flow);
    if (frontend.backends.length === 0) this.#close();
    else if (this.#server === undefined && this.#cancelRetry === undefined) this.#listen();
  }

  #close(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#server?.close();
    this.#server = undefined;
    for (const [client, flow] of this.#flows) this.#end(client, flow);
  }

  /** Packets have no end to wait for. */
  drain(): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  destroy(): void {
    this.#close();
  }

  #listen(): void {
    const server = createSocket({ type: this.#frontend.ip.includes(':') ? 'udp6' : 'udp4' });
    this.#server = server;
    server.on('message', (packet, from) => this.#forward(packet, from));
    server.on('error', (error) => {
      if (this.#server !== server) return;
      this.#close();
      this.#options.onFailure(error);
      this.#cancelRetry = this.#options.clock.schedule(retryListenMs, () => {
        this.#cancelRetry = undefined;
        this.#listen();
      });
    });
    server.bind({ address: this.#frontend.ip, port: this.#frontend.port, exclusive: true });
    this.#sweepLater();
  }

  #forward(packet: Buffer, from: RemoteInfo): void {
    const client = `${from.address} ${from.port}`;
    const flow = this.#flows.get(client) ?? this.#begin(client, from);
    if (flow === undefined) return;
    flow.lastUsed = this.#options.clock.now();
    this.#flows.delete(client);
    this.#flows.set(client, flow);
    flow.socket.send(packet, flow.backend.port, flow.backend.ip);
  }

  #begin(client: string, from: RemoteInfo): Flow | undefined {
    const backend = this.#balancer.order(from.address).find((one) => !this.#options.isOwn(one));
    if (backend === undefined) return undefined;
    this.#balancer.sent(from.address, backend);
    const socket = createSocket({ type: backend.ip.includes(':') ? 'udp6' : 'udp4' });
    const flow: Flow = { backend, socket, lastUsed: this.#options.clock.now() };
    socket.on('message', (packet, sender) => {
      if (sender.address !== backend.ip || sender.port !== backend.port) return;
      flow.lastUsed = this.#options.clock.now();
      this.#server?.send(packet, from.port, from.address);
    });
    // UDP promises nothing: what can't be sent is lost, and the next packet begins anew.
    socket.on('error', () => this.#end(client, flow));
    this.#flows.set(client, flow);
    if (this.#flows.size > mostFlows) {
      const [oldest] = this.#flows;
      if (oldest !== undefined) this.#end(...oldest);
    }
    return flow;
  }

  #end(client: string, flow: Flow): void {
    if (this.#flows.get(client) !== flow) return;
    this.#flows.delete(client);
    flow.socket.close();
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#options.clock.schedule(idleMs / 2, () => {
      const oldest = this.#options.clock.now() - idleMs;
      for (const [client, flow] of this.#flows) {
        if (flow.lastUsed < oldest) this.#end(client, flow);
      }
      this.#sweepLater();
    });
  }
}
