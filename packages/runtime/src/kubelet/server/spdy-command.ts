import type { Duplex } from 'node:stream';
import type { Status } from '@kubewright/api';
import { SpdyConnection, type SpdyStream } from '@kubewright/client/spdy';
import type { TerminalSize } from '../../container/container-runtime.js';
import type { CommandStreams, StreamRequest } from './command-streams.js';
import { parseSize } from './websocket-command.js';

/** The stream protocol of exec and attach over SPDY that is spoken here; every client since 1.5 knows it. */
export const spdyCommandProtocol = 'v4.channel.k8s.io';

/** How long the client has to open the streams that it asked for. */
const openMs = 30_000;

/** Waits for the streams that the client opens: one for each of stdin, stdout, stderr, errors and resizes. */
export function spdyStreams(socket: Duplex, request: StreamRequest): Promise<CommandStreams> {
  const expected = new Set(['error']);
  if (request.stdin) expected.add('stdin');
  if (request.stdout) expected.add('stdout');
  if (request.stderr) expected.add('stderr');
  if (request.tty) expected.add('resize');
  return new Promise((resolve, reject) => {
    const streams = new Map<string, SpdyStream>();
    const timer = setTimeout(() => {
      connection.close();
      reject(new Error('the client did not open its streams in time'));
    }, openMs);
    const connection = new SpdyConnection(socket, (stream) => {
      stream.on('error', () => undefined);
      const type = stream.headers.streamtype ?? '';
      if (!expected.has(type) || streams.has(type)) {
        stream.destroy();
        return;
      }
      streams.set(type, stream);
      if (streams.size < expected.size) return;
      clearTimeout(timer);
      resolve(commandStreams(connection, streams));
    });
    connection.closed.then(() => {
      clearTimeout(timer);
      reject(new Error('the client has gone'));
    }, reject);
  });
}

function commandStreams(
  connection: SpdyConnection,
  streams: ReadonlyMap<string, SpdyStream>,
): CommandStreams {
  const gone = new AbortController();
  const abort = () => gone.abort(new Error('the client has gone'));
  connection.closed.then(abort, abort);
  return {
    stdin: streams.get('stdin'),
    stdout: streams.get('stdout'),
    stderr: streams.get('stderr'),
    gone: gone.signal,
    onResize(listener: (size: TerminalSize) => void) {
      let rest = '';
      streams.get('resize')?.on('data', (chunk: Buffer) => {
        rest += chunk.toString('utf8');
        // Sizes follow one another as JSON objects without anything between them.
        for (let end = rest.indexOf('}'); end >= 0; end = rest.indexOf('}')) {
          const size = parseSize(Buffer.from(rest.slice(0, end + 1)));
          rest = rest.slice(end + 1).trimStart();
          if (size !== undefined) listener(size);
        }
      });
    },
    async finish(status: Status) {
      const error = streams.get('error');
      for (const type of ['stdout', 'stderr']) streams.get(type)?.end();
      await new Promise<void>((resolve) => {
        error?.once('close', resolve);
        error?.end(status.status === 'Success' ? '' : JSON.stringify(status), resolve);
      });
      // The client closes when it has read everything; one that does not is closed upon.
      const timer = setTimeout(() => connection.close(), 5_000);
      connection.closed.finally(() => clearTimeout(timer));
    },
  };
}
