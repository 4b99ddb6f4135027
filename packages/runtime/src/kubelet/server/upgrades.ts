import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import type { ContainerRuntime, ExecSession } from '../../container/container-runtime.js';
import {
  type CommandStreams,
  failureStatus,
  joinStreams,
  type StreamRequest,
  streamRequest,
} from './command-streams.js';
import {
  type Dial,
  forwardOverChannels,
  forwardOverSpdy,
  portForwardChannelProtocol,
  portForwardProtocol,
  tunnelProtocol,
} from './port-forward.js';
import { findPod, HttpFailure, runningContainerId, type ServedPod } from './served-pod.js';
import { spdyCommandProtocol, spdyStreams } from './spdy-command.js';
import { commandProtocols, websocketStreams } from './websocket-command.js';

export interface UpgradeOptions {
  readonly runtime: ContainerRuntime;
  readonly pods: () => readonly ServedPod[];
  readonly logger: Logger;
}

/** What an upgraded connection is for. */
type Purpose =
  | { readonly kind: 'command'; readonly streams: StreamRequest; readonly open: () => Promise<ExecSession> }
  | { readonly kind: 'forward'; readonly ports: readonly number[]; readonly dial: Dial };

/** Exec, attach and port-forward: connections that leave HTTP for a WebSocket or for SPDY. */
export class Upgrades {
  readonly #options: UpgradeOptions;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  /** Takes over the connection. Never throws. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#purposeOf(request).then(
      (purpose) => this.#accept(purpose, { request, socket, head }),
      (error: unknown) => refuse(socket, error),
    );
  }

  async #purposeOf(request: IncomingMessage): Promise<Purpose> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'https://kubelet');
    const [action, namespace = '', name = '', container = ''] = pathname
      .split('/')
      .slice(1)
      .map(decodeURIComponent);
    const { runtime, pods } = this.#options;
    if (action === 'portForward') {
      const pod = findPod(pods(), namespace, name);
      const sandboxes = await runtime.listPodSandboxes({ podUid: pod.pod.metadata.uid ?? '' });
      const sandbox = sandboxes.find(({ state }) => state === 'ready');
      if (sandbox === undefined) throw new HttpFailure(404, `pod not found ("${name}_${namespace}")`);
      const ports = [...query.getAll('port'), ...query.getAll('ports')]
        .flatMap((text) => text.split(','))
        .map(Number);
      return { kind: 'forward', ports, dial: (port) => runtime.portForward(sandbox.id, port) };
    }
    if (action !== 'exec' && action !== 'attach') throw new HttpFailure(404, '404 page not found');
    const id = runningContainerId(findPod(pods(), namespace, name), container);
    const streams = streamRequest(query);
    if (!streams.stdin && !streams.stdout && !streams.stderr)
      throw new HttpFailure(400, 'you must specify at least 1 of stdin, stdout, stderr');
    const command = query.getAll('command');
    if (action === 'exec' && command.length === 0)
      throw new HttpFailure(400, 'you must specify at least 1 command');
    return {
      kind: 'command',
      streams,
      open: () =>
        action === 'exec'
          ? runtime.exec(id, { ...streams, command })
          : runtime.attach(id, streams).then(withoutExitCode),
    };
  }

  #accept(
    purpose: Purpose,
    { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer },
  ): void {
    const protocol = request.headers.upgrade?.toLowerCase();
    if (protocol === 'websocket') {
      const known: readonly string[] =
        purpose.kind === 'command' ? commandProtocols : [tunnelProtocol, portForwardChannelProtocol];
      const asked = request.headers['sec-websocket-protocol']?.split(',').map((one) => one.trim()) ?? [];
      const chosen = known.find((one) => asked.includes(one));
      if (chosen === undefined) {
        refuse(socket, new HttpFailure(400, `none of the subprotocols is known here: [${asked.join(' ')}]`));
        return;
      }
      const server = new WebSocketServer({ noServer: true, maxPayload: 16 * 2 ** 20 });
      // ws knows no subprotocol with a slash in its name, so the choice is made and told here.
      delete request.headers['sec-websocket-protocol'];
      server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${chosen}`));
      server.handleUpgrade(request, socket, head, (client) =>
        this.#overWebSocket(purpose, { socket: client, protocol: chosen }),
      );
    } else if (protocol === 'spdy/3.1') this.#overSpdy(purpose, { request, socket, head });
    else
      refuse(socket, new HttpFailure(400, 'unable to upgrade: neither websocket nor SPDY/3.1 was asked for'));
  }

  #overWebSocket(
    purpose: Purpose,
    { socket, protocol }: { readonly socket: WebSocket; readonly protocol: string },
  ): void {
    if (purpose.kind === 'command') {
      void this.#run(purpose.open, websocketStreams(socket, { ...purpose.streams, protocol }));
    } else if (protocol === tunnelProtocol) {
      const connection = forwardOverSpdy(createWebSocketStream(socket), purpose.dial);
      connection.closed.then(
        () => socket.close(),
        () => socket.terminate(),
      );
    } else forwardOverChannels(socket, purpose.ports, purpose.dial);
  }

  #overSpdy(
    purpose: Purpose,
    { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer },
  ): void {
    const offered = String(request.headers['x-stream-protocol-version'] ?? '')
      .split(',')
      .map((one) => one.trim());
    const wanted = purpose.kind === 'command' ? spdyCommandProtocol : portForwardProtocol;
    if (!offered.includes(wanted)) {
      refuse(
        socket,
        new HttpFailure(
          403,
          `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${wanted}]`,
        ),
      );
      return;
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${wanted}\r\n\r\n`,
    );
    if (head.length > 0) socket.unshift(head);
    if (purpose.kind === 'forward') {
      forwardOverSpdy(socket, purpose.dial).closed.catch((error: unknown) =>
        this.#options.logger.debug({ err: error }, 'a port-forward has ended with an error'),
      );
      return;
    }
    spdyStreams(socket, purpose.streams).then(
      (streams) => this.#run(purpose.open, streams),
      (error: unknown) => this.#options.logger.debug({ err: error }, 'an exec over SPDY did not begin'),
    );
  }

  async #run(open: () => Promise<ExecSession>, streams: CommandStreams): Promise<void> {
    try {
      await joinStreams(await open(), streams);
    } catch (error) {
      await streams.finish(failureStatus(error));
    }
  }
}

function refuse(socket: Duplex, error: unknown): void {
  const code = error instanceof HttpFailure ? error.code : 500;
  const body = error instanceof Error ? error.message : String(error);
  socket.end(
    `HTTP/1.1 ${code} ${code < 500 ? 'Refused' : 'Internal Server Error'}\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** How the container ended is its pod's status to tell: the attachment has gone well. */
function withoutExitCode(session: ExecSession): ExecSession {
  return {
    stdin: session.stdin,
    stdout: session.stdout,
    stderr: session.stderr,
    exitCode: session.exitCode.then(() => 0),
    resize: (size) => session.resize(size),
    close: () => session.close(),
  };
}
