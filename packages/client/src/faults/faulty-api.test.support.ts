import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubernetesObject } from '@kubewright/api';

/** A small generator of repeatable random numbers between 0 and 1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface LogEntry {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: KubernetesObject;
}

interface OpenWatch {
  readonly response: ServerResponse;
  halfOpen: boolean;
}

export type Fault =
  | 'reset'
  | '429'
  | '500'
  | 'html'
  | 'truncated'
  | 'half-open'
  | 'end'
  | 'repeat'
  | 'old bookmark'
  | 'compact';

export type RequestFault = (typeof requestFaults)[number];
export type WatchFault = (typeof watchFaults)[number];

const requestFaults = ['reset', '429', '500', 'html', 'truncated'] as const;
const watchFaults = ['reset', 'truncated', 'half-open', 'end', 'repeat', 'old bookmark', 'compact'] as const;

/** One resource of an API server over HTTP that does its work, and all the wrong that a network and a server can do. */
export class FaultyApi {
  readonly objects = new Map<string, KubernetesObject>();
  /** How often each fault was done. */
  readonly faults = new Map<Fault, number>();
  /** What befalls the next requests, in their order, whatever the rate of faults. */
  readonly plan: (RequestFault | 'none')[] = [];
  revision = 1;
  readonly #server: Server;
  readonly #random: () => number;
  readonly #watches = new Set<OpenWatch>();
  readonly #pages = new Map<string, { readonly items: KubernetesObject[]; readonly revision: number }>();
  #log: LogEntry[] = [];
  #compacted = 0;
  #faultRate: number;

  constructor(random: () => number, faultRate: number) {
    this.#random = random;
    this.#faultRate = faultRate;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** From now on everything works. */
  heal(): void {
    this.#faultRate = 0;
    // Half-open watches stay as they are: the client has to find out.
  }

  get faultCount(): number {
    return [...this.faults.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Makes, changes or deletes an object. */
  write(name: string, remove: boolean): void {
    const before = this.objects.get(name);
    if (remove && before === undefined) return;
    const revision = ++this.revision;
    const object: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        namespace: 'default',
        uid: before?.metadata.uid ?? `${name}-${revision}`,
        resourceVersion: String(revision),
      },
    };
    if (remove) this.objects.delete(name);
    else this.objects.set(name, object);
    const type = remove ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED';
    const entry: LogEntry = { type, revision, object };
    this.#log.push(entry);
    for (const watch of this.#watches) {
      send(watch, entry);
      if (this.#random() < this.#faultRate) this.#disturb(watch);
    }
  }

  /** Tells all who watch how far they are. */
  bookmark(): void {
    for (const watch of this.#watches) sendBookmark(watch, this.revision);
  }

  #count(fault: Fault): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  #pick<F extends Fault>(from: readonly F[]): F {
    const fault = from[Math.floor(this.#random() * from.length)] ?? from[0];
    if (fault === undefined) throw new Error('there is no fault to pick from');
    this.#count(fault);
    return fault;
  }

  /** Forgets all that was: who stands at an older revision must list anew. */
  compact(): void {
    this.#compacted = this.revision;
    this.#log = [];
  }

  /** Does this to every watch that is open, now. */
  disturb(fault: WatchFault): void {
    for (const watch of [...this.#watches]) this.#harm(watch, fault);
  }

  #disturb(watch: OpenWatch): void {
    this.#harm(watch, this.#pick(watchFaults));
  }

  #harm(watch: OpenWatch, fault: WatchFault): void {
    if (fault !== 'half-open' && fault !== 'repeat' && fault !== 'old bookmark') this.#watches.delete(watch);
    switch (fault) {
      case 'reset':
        watch.response.socket?.resetAndDestroy();
        break;
      case 'truncated':
        watch.response.write('{"type":"MODIFIED","object":{"metadata":{"name":"obj');
        watch.response.socket?.destroySoon();
        break;
      case 'half-open':
        watch.halfOpen = true;
        break;
      case 'end':
        watch.response.end();
        break;
      case 'repeat':
        for (const entry of this.#log.slice(-3)) send(watch, entry);
        break;
      case 'old bookmark':
        sendBookmark(watch, Math.max(1, this.revision - 5));
        break;
      case 'compact':
        this.compact();
        watch.response.socket?.resetAndDestroy();
        break;
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const query = new URL(request.url ?? '/', 'http://host').searchParams;
    const planned = this.plan.shift() ?? 'none';
    const fault =
      planned === 'none' && this.#random() < this.#faultRate ? this.#pick(requestFaults) : planned;
    if (fault !== 'none') {
      switch (fault) {
        case 'reset':
          response.socket?.resetAndDestroy();
          return;
        case '429':
          response.setHeader('retry-after', '1');
          sendStatus(response, 429, 'TooManyRequests');
          return;
        case '500':
          sendStatus(response, 500, 'InternalError');
          return;
        case 'html':
          response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad Gateway</html>');
          return;
        case 'truncated':
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
          response.write('{"kind":"ConfigMapList","items":[');
          response.socket?.destroySoon();
          return;
      }
    }
    if (query.get('watch') === 'true') this.#watch(query, response);
    else this.#list(query, response);
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const token = query.get('continue');
    const limit = Number(query.get('limit') ?? Number.POSITIVE_INFINITY);
    const source =
      token === null
        ? { items: [...this.objects.values()], revision: this.revision }
        : this.#pages.get(token);
    if (source === undefined || source.revision < this.#compacted) {
      sendStatus(response, 410, 'Expired');
      return;
    }
    const rest = source.items.slice(limit);
    const next = rest.length > 0 ? `${source.revision}-${rest.length}` : undefined;
    if (next !== undefined) this.#pages.set(next, { items: rest, revision: source.revision });
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        kind: 'ConfigMapList',
        apiVersion: 'v1',
        metadata: { resourceVersion: String(source.revision), continue: next },
        items: source.items.slice(0, limit),
      }),
    );
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const streamed = query.get('sendInitialEvents') === 'true';
    const from = streamed ? this.revision : Number(query.get('resourceVersion'));
    if (from < this.#compacted) {
      sendStatus(response, 410, 'Expired');
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    const watch: OpenWatch = { response, halfOpen: false };
    if (streamed) this.#streamList(watch);
    for (const entry of this.#log) if (entry.revision > from) send(watch, entry);
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
  }

  /** All objects, of which the connection may break off half-way, and the mark that this is all. */
  #streamList(watch: OpenWatch): void {
    const { revision } = this;
    for (const object of this.objects.values()) {
      if (this.#random() < this.#faultRate / 100) {
        this.#count('truncated');
        watch.response.write('{"type":"ADDED","object":{"metadata":{"name":"obj');
        watch.response.socket?.destroySoon();
        watch.halfOpen = true;
      }
      send(watch, { type: 'ADDED', revision, object });
    }
    sendBookmark(watch, revision, { 'k8s.io/initial-events-end': 'true' });
  }
}

function sendBookmark(watch: OpenWatch, revision: number, annotations?: Record<string, string>): void {
  const metadata = { resourceVersion: String(revision), annotations };
  const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata };
  if (!watch.halfOpen && !watch.response.writableEnded)
    watch.response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
}

function send(watch: OpenWatch, { type, object }: LogEntry): void {
  if (!watch.halfOpen && !watch.response.writableEnded)
    watch.response.write(`${JSON.stringify({ type, object })}\n`);
}

function sendStatus(response: ServerResponse, code: number, reason: string): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message: reason }),
  );
}
