import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { messageCodec } from '../encoding/message-layout.js';
import { CallError, status } from './call-error.js';
import { GrpcChannel, type GrpcChannelOptions } from './grpc-channel.js';
import { encodeHeaders as headers } from './hpack.js';
import { FrameReader, frameType, headLength, settingsPayload, writeFrameHead } from './http2-frames.js';

// What a well-behaved server never does.

const text = messageCodec({ text: [1, 'string'] });
const echo = { path: '/test.Echo/Echo', request: text, response: text };
const ask = (of: GrpcChannel, timeoutMs = 10_000) => of.unary(echo, { text: 'a' }, { timeoutMs });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const settings = frame(frameType.settings, 0, 0, settingsPayload([]));
const grpc = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
] as const;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

function channel(port: number, options: GrpcChannelOptions = {}): GrpcChannel {
  const made = new GrpcChannel({ host: '127.0.0.1', port }, options);
  closing.push(() => made.close());
  return made;
}

/** A server of bare bytes, for what a well-behaved one never does. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.of()): Buffer {
  const head = Buffer.alloc(headLength);
  writeFrameHead(head, 0, { type, flags, stream, length: payload.length });
  return Buffer.concat([head, payload]);
}

/** Tells of each call that begins, by the number of its stream. */
function onCalls(socket: Socket, told: (stream: number) => void): void {
  const reader = new FrameReader();
  let preface = 24;
  socket.on('data', (bytes) => {
    const frames = bytes.subarray(preface);
    preface = 0;
    reader.read(frames, ({ type, stream }) => {
      if (type === frameType.headers) told(stream);
    });
  });
}

test('where nobody listens it is said at once, and nothing was sent', async () => {
  const port = await rawServer(() => undefined);
  closing.pop()?.();
  const error = await failure(ask(channel(port)));
  expect(error).toBeInstanceOf(CallError);
  expect(error).toMatchObject({
    ...{ code: status.unavailable, details: `connect ECONNREFUSED 127.0.0.1:${port}`, unsent: true },
  });
});

test('who asks again soon is told of the last attempt; later a new one is made', async () => {
  let connections = 0;
  const port = await rawServer((socket) => {
    if (++connections === 1) socket.destroy();
    else {
      socket.write(settings);
      onCalls(socket, (stream) => {
        socket.write(frame(frameType.headers, 0x5, stream, headers([...grpc, ['grpc-status', '5']])));
      });
    }
  });
  const client = channel(port);
  expect(await failure(ask(client))).toMatchObject({ unsent: true });
  const stream = client.stream(echo, { onMessage: () => undefined, onEnd: () => expect.unreachable() });
  expect(await failure(stream)).toMatchObject({ unsent: true });
  await expect.poll(() => failure(ask(client))).toMatchObject({ code: 5 });
  expect(connections).toBe(2);
});

test('who accepts and says nothing is given up', async () => {
  const port = await rawServer(() => undefined);
  const error = await failure(ask(channel(port, { connectTimeoutMs: 50 })));
  expect(error).toMatchObject({
    code: status.unavailable,
    details: 'no connection within 50 ms',
    unsent: true,
  });
});

test('who speaks something else is named as such', async () => {
  const port = await rawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  expect(await failure(ask(channel(port)))).toMatchObject({
    ...{ code: status.unavailable, unsent: true },
    details: expect.stringMatching(/^the peer does not speak HTTP\/2: /),
  });
});

test('a connection that is cut leaves the outcome of what was sent open', async () => {
  const port = await rawServer((socket) => {
    socket.write(settings);
    onCalls(socket, () => socket.destroy());
  });
  expect(await failure(ask(channel(port)))).toMatchObject({ code: status.unavailable, unsent: false });
});

test('what a leaving server has not looked at was not sent, and what it has begun it answers', async () => {
  const port = await rawServer((socket) => {
    socket.write(settings);
    onCalls(socket, (stream) => {
      if (stream !== 3) return;
      const words = Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, ...Buffer.from('bye')]);
      socket.write(frame(frameType.goAway, 0, 0, words));
      socket.write(frame(frameType.headers, 0x5, 1, headers([...grpc, ['grpc-status', '5']])));
    });
  });
  const client = channel(port);
  const [one, two] = await Promise.all([failure(ask(client)), failure(ask(client))]);
  expect(one).toMatchObject({ code: 5 });
  expect(two).toMatchObject({ unsent: true, details: 'the peer ends the connection: bye' });
});

test('a refused stream was not sent; one that is reset is an error', async () => {
  const codes = [7, 2];
  const port = await rawServer((socket) => {
    socket.write(settings);
    onCalls(socket, (stream) => {
      socket.write(frame(frameType.resetStream, 0, stream, Buffer.of(0, 0, 0, codes.shift() ?? 0)));
    });
  });
  const client = channel(port);
  expect(await failure(ask(client))).toMatchObject({ code: status.unavailable, unsent: true });
  expect(await failure(ask(client))).toMatchObject({ code: status.internal, unsent: false });
});

test('a peer that falls silent is found out, one that answers pings is not', async () => {
  let answering = true;
  let pings = 0;
  const port = await rawServer((socket) => {
    socket.write(settings);
    socket.on('data', (bytes) => {
      if (bytes.indexOf(Buffer.from([0, 0, 8, frameType.ping, 0])) < 0) return;
      pings++;
      if (answering) socket.write(frame(frameType.ping, 0x1, 0, Buffer.alloc(8)));
    });
  });
  const call = failure(ask(channel(port, { keepAlive: { afterMs: 20, timeoutMs: 1_000 } }), 60_000));
  await expect.poll(() => pings).toBeGreaterThan(0);
  answering = false;
  expect(await call).toMatchObject({ code: status.unavailable, details: 'the peer is silent' });
});

test('an answer that is no message, or none of HTTP 200, ends the call', async () => {
  const answers = [
    // Compressed.
    [frame(frameType.headers, 0x4, 0, headers(grpc)), frame(frameType.data, 0, 0, Buffer.of(1, 0, 0, 0, 0))],
    // A text that is longer than the message.
    [
      frame(frameType.headers, 0x4, 0, headers(grpc)),
      frame(frameType.data, 0, 0, Buffer.of(0, 0, 0, 0, 2, 10, 9)),
    ],
    // 404.
    [frame(frameType.headers, 0x5, 0, headers([[':status', '404']]))],
  ];
  const port = await rawServer((socket) => {
    socket.write(settings);
    onCalls(socket, (stream) => {
      for (const answer of answers.shift() ?? []) {
        answer.writeUInt32BE(stream, 5);
        socket.write(answer);
      }
    });
  });
  const client = channel(port);
  const details = [];
  for (let i = 0; i < 3; i++) details.push(await failure(ask(client)));
  expect(details).toMatchObject([
    { code: status.internal, details: 'a message is compressed, which nobody asked for' },
    { code: status.internal, details: expect.stringMatching(/^a message makes no sense: /) },
    { code: status.unimplemented, details: 'HTTP status 404 and no gRPC' },
  ]);
});
