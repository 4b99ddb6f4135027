import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { SpdyConnection, type SpdyStream } from '@kubewright/client/spdy';
import type { WebSocket } from 'ws';

/** Opens a connection to a port of the pod. */
export type Dial = (port: number) => Promise<Duplex>;

/** The stream protocol of port-forward over SPDY. */
export const portForwardProtocol = 'portforward.k8s.io';
/** SPDY in the messages of a WebSocket: what kubectl speaks from 1.31 on. */
export const tunnelProtocol = `SPDY/3.1+${portForwardProtocol}`;
/** Two channels a port in the messages of a WebSocket, the older form. */
export const portForwardChannelProtocol = 'v4.channel.k8s.io';

/**
 * Port-forward over SPDY: for each connection the client opens an error stream and a data stream that name the port
 * and, so that the two find each other, a request id.
 */
export function forwardOverSpdy(socket: Duplex, dial: Dial): SpdyConnection {
  const waiting = new Map<string, SpdyStream>();
  const connection = new SpdyConnection(socket, (stream) => {
    stream.on('error', () => undefined);
    const { streamtype: type, port, requestid: id = port ?? '' } = stream.headers;
    if (type === 'error') waiting.set(id, stream);
    else if (type === 'data') {
      const errors = waiting.get(id);
      waiting.delete(id);
      // A fault is told before the data ends, so that whoever sees that end knows whether it is a good one.
      forward(stream, Number(port), dial)
        .then(
          () => errors?.end(),
          (error: unknown) => errors?.end(describe(port, error)),
        )
        .finally(() => {
          if (!stream.writableEnded) stream.end();
        });
    } else stream.destroy();
  });
  return connection;
}

/** Port-forward over the channels of a WebSocket: 2N carries the bytes of the Nth port, 2N + 1 its error. */
export function forwardOverChannels(socket: WebSocket, ports: readonly number[], dial: Dial): void {
  const send = (channel: number, data: Buffer) =>
    new Promise<void>((resolve, reject) => {
      socket.send(Buffer.concat([Buffer.from([channel]), data]), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  const inputs = ports.map(() => new PassThrough());
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    for (const input of inputs) input.end();
  });
  socket.on('message', (raw) => {
    const bytes = Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw as Buffer);
    const input = bytes[0]! % 2 === 0 ? inputs[bytes[0]! / 2] : undefined;
    if (input === undefined || input.writableEnded || input.write(bytes.subarray(1))) return;
    socket.pause();
    input.once('drain', () => socket.resume());
  });
  const run = async (port: number, index: number) => {
    const announced = Buffer.alloc(2);
    announced.writeUInt16LE(port);
    await send(2 * index, announced);
    await send(2 * index + 1, announced);
    try {
      const target = await dial(port);
      socket.once('close', () => target.destroy());
      target.on('error', () => target.destroy());
      inputs[index]!.pipe(target);
      for await (const chunk of target as AsyncIterable<Buffer>) await send(2 * index, chunk);
    } catch (error) {
      if (socket.readyState === socket.OPEN)
        await send(2 * index + 1, Buffer.from(describe(String(port), error)));
    }
  };
  Promise.all(ports.map(run)).then(
    () => socket.close(1000),
    () => socket.terminate(),
  );
}

/** Carries bytes both ways until both are done. @throws Error where the port can't be reached */
async function forward(stream: Duplex, port: number, dial: Dial): Promise<void> {
  const target = await dial(port);
  await new Promise<void>((resolve, reject) => {
    target.on('error', reject);
    target.once('close', resolve);
    stream.once('close', () => target.destroy());
    stream.pipe(target);
    target.pipe(stream);
  }).finally(() => target.destroy());
}

function describe(port: string | undefined, error: unknown): string {
  return `error forwarding port ${port} to pod: ${error instanceof Error ? error.message : String(error)}`;
}
