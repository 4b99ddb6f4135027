import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { TlsServer } from '../tls-server.js';

/** A watch event as it stands on the wire. */
export interface WireEvent {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly apiVersion: string;
    readonly metadata: {
      readonly name: string;
      readonly resourceVersion: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly code?: number;
    readonly reason?: string;
    readonly message?: string;
  };
}

/** A watch under way, read event by event. */
export class WatchStream {
  readonly code: number;
  readonly #message: IncomingMessage;
  readonly #lines: AsyncIterator<string>;

  private constructor(message: IncomingMessage) {
    this.code = message.statusCode ?? 0;
    this.#message = message;
    this.#lines = createInterface({ input: message })[Symbol.asyncIterator]();
  }

  static async open(server: TlsServer, path: string, accept?: string): Promise<WatchStream> {
    const message = await server.open({ path, headers: accept === undefined ? {} : { accept } });
    // Closing it is how a watch ends.
    message.on('error', () => undefined);
    return new WatchStream(message);
  }

  /** The next event. @throws Error when the watch has ended */
  async next(): Promise<WireEvent> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the watch has ended');
    return JSON.parse(value as string) as WireEvent;
  }

  /** The next events as `TYPE name`. */
  async names(count: number): Promise<string[]> {
    const names: string[] = [];
    for (let i = 0; i < count; i++) {
      const { type, object } = await this.next();
      names.push(`${type} ${object.metadata.name}`);
    }
    return names;
  }

  async isOver(): Promise<boolean> {
    return (await this.#lines.next()).done === true;
  }

  close(): void {
    this.#message.destroy();
  }
}
