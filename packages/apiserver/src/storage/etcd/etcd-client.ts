import { setTimeout as delay } from 'node:timers/promises';
import { CallError, status } from '../../grpc/call-error.js';
import { GrpcChannel, type GrpcTarget, type Metadata, type Method } from '../../grpc/grpc-channel.js';
import { isMemberFault, isTokenInvalid, isUnsent } from './etcd-errors.js';
import { methods } from './etcd-messages.js';
import { Gate } from './gate.js';

/** Where a cluster of etcd is, and as whom it is talked to. */
export interface EtcdConnection {
  /** `https://10.0.0.1:2379`, `http://127.0.0.1:2379`; one or more members of one cluster. */
  readonly endpoints: readonly string[];
  /** PEM. Without it the public ones hold. */
  readonly ca?: Buffer;
  /** The client's certificate and its key, PEM. */
  readonly certificate?: Buffer;
  readonly key?: Buffer;
  /** Where etcd's authentication is switched on and the certificate does not name a user. */
  readonly user?: { readonly name: string; readonly password: string };
}

/** One member, as far as this client knows. */
interface Member {
  readonly endpoint: string;
  readonly channel: GrpcChannel;
}

export interface Stream<Request, Response> {
  write(request: Request): void;
  /** Ends it at once; nothing is called any more. */
  cancel(): void;
  readonly member: unknown;
  readonly listeners: { onData(response: Response): void; onEnd(error: CallError): void };
}

/** A member that does not answer a read within this time is given up for another. */
const readAttemptMs = 1_000;
const readDeadlineMs = 10_000;
const writeDeadlineMs = 7_000;
/** More would only wait in etcd, where their time runs. */
const mostWrites = 256;
const firstBackoffMs = 20;
const longestBackoffMs = 500;

/**
 * Calls of a cluster of etcd. All go to one member until that fails; then to the next. Reads are tried again until their
 * time is over; writes only where they certainly have not begun.
 */
export class EtcdClient {
  readonly #members: readonly Member[];
  readonly #user: EtcdConnection['user'];
  readonly #moved = new Set<(left: unknown) => void>();
  readonly #writes = new Gate(mostWrites);
  #current: number;
  #token: Promise<string> | undefined;
  #closed = false;

  /** @param random from 0 to 1: servers that start together begin with different members */
  constructor(connection: EtcdConnection, random: () => number = Math.random) {
    if (connection.endpoints.length === 0) throw new RangeError('etcd needs an endpoint');
    this.#members = connection.endpoints.map((endpoint) => ({
      endpoint,
      channel: new GrpcChannel(targetOf(endpoint, connection)),
    }));
    this.#user = connection.user;
    this.#current = Math.floor(random() * this.#members.length);
  }

  /** A call that changes nothing, or may happen twice. */
  async read<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    attemptMs = readAttemptMs,
  ): Promise<Response> {
    const until = Date.now() + readDeadlineMs;
    const count = this.#members.length;
    for (let attempt = 0; ; attempt++) {
      try {
        // A member that is slow, not dead, has more time at each round.
        return await this.attempt(method, request, attemptMs * (1 + Math.floor(attempt / count)));
      } catch (error) {
        if (!(error instanceof CallError) || !isMemberFault(error)) throw error;
        if (this.#closed || Date.now() > until) throw error;
        await delay(backoffMs(attempt, count));
      }
    }
  }

  /** A call that is made once: the next one goes to another member where this one's does not answer. */
  async attempt<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    timeoutMs: number,
  ): Promise<Response> {
    const member = this.#member();
    try {
      return await this.#authenticated(member, (metadata) =>
        member.channel.unary(method, request, { timeoutMs, metadata }),
      );
    } catch (error) {
      if (error instanceof CallError && isMemberFault(error)) this.leave(member);
      throw error;
    }
  }

  /**
   * A call that must not happen twice.
   * @throws CallError; `isMemberFault` and not `isUnsent`: nobody knows whether it has happened.
   */
  write<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    return this.#writes.run(() => this.#write(method, request));
  }

  /** Opens a stream to the member of the day. It ends when that has no leader. */
  async open<Request, Response>(
    method: Method<Request, Response>,
    listeners: Stream<Request, Response>['listeners'],
  ): Promise<Stream<Request, Response>> {
    const member = this.#member();
    try {
      return await this.#authenticated(member, async (metadata) => {
        const { write, cancel } = await member.channel.stream(
          method,
          { onMessage: listeners.onData, onEnd: (error) => listeners.onEnd(error ?? streamEnded()) },
          { metadata: { ...metadata, hasleader: 'true' } },
        );
        return { member, listeners, write, cancel };
      });
    } catch (error) {
      if (error instanceof CallError && isMemberFault(error)) this.leave(member);
      throw error;
    }
  }

  /** Gives a member up; who has streams there is told. */
  leave(member: unknown): void {
    if (this.#members[this.#current] !== member) return;
    this.#current = (this.#current + 1) % this.#members.length;
    if (this.#members.length > 1) for (const told of [...this.#moved]) told(member);
  }

  /** @returns what ends it */
  onMove(told: (left: unknown) => void): () => void {
    this.#moved.add(told);
    return () => this.#moved.delete(told);
  }

  close(): void {
    this.#closed = true;
    for (const { channel } of this.#members) channel.close();
  }

  async #write<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    const until = Date.now() + writeDeadlineMs;
    for (let attempt = 0; ; attempt++) {
      const member = this.#member();
      try {
        return await this.#authenticated(member, (metadata) =>
          member.channel.unary(method, request, { timeoutMs: writeDeadlineMs, metadata }),
        );
      } catch (error) {
        if (!(error instanceof CallError) || !isMemberFault(error)) throw error;
        this.leave(member);
        if (!isUnsent(error) || this.#closed || Date.now() > until) throw error;
        await delay(backoffMs(attempt, this.#members.length));
      }
    }
  }

  #member(): Member {
    return this.#members[this.#current] as Member;
  }

  /** With a token where there is a user; a token that has run out is got anew, once. */
  async #authenticated<T>(member: Member, call: (metadata: Metadata | undefined) => Promise<T>): Promise<T> {
    if (this.#user === undefined) return call(undefined);
    const user = this.#user;
    const token = () => {
      this.#token ??= member.channel.unary(methods.authenticate, user, { timeoutMs: writeDeadlineMs }).then(
        (response) => response.token ?? '',
        (error) => {
          this.#token = undefined;
          throw error;
        },
      );
      return this.#token;
    };
    const known = token();
    try {
      return await call({ token: await known });
    } catch (error) {
      if (!(error instanceof CallError) || !isTokenInvalid(error)) throw error;
      if (this.#token === known) this.#token = undefined;
      return call({ token: await token() });
    }
  }
}

/** Between two attempts at the same member; the others are asked at once. */
function backoffMs(attempt: number, members: number): number {
  const round = Math.floor(attempt / members);
  return (attempt + 1) % members === 0
    ? Math.min(longestBackoffMs, firstBackoffMs * 2 ** round) * (0.5 + Math.random() / 2)
    : 0;
}

function streamEnded(): CallError {
  return new CallError(status.unavailable, 'the stream has ended');
}

/** @throws RangeError for what is no URL, Error for a certificate or a key that is none */
function targetOf(endpoint: string, { ca, certificate, key }: EtcdConnection): GrpcTarget {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.pathname.length > 1)
    throw new RangeError(`an endpoint of etcd is a URL such as https://10.0.0.1:2379, not ${endpoint}`);
  const secure = url.protocol === 'https:';
  // An IPv6 address is in brackets in a URL.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port || (secure ? 443 : 80));
  return secure ? { host, port, tls: { ca, certificate, key } } : { host, port };
}
